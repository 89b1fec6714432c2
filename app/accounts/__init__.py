"""Who people are and what they may do.

The rights: `permissions.yaml` is read by `permissions`, turned into SQL by `terms` and `policies`,
put into the database by `install` and looked after by `catalogue`; `deps` asks it for each route,
and `refusals` keeps what was refused.

The way in, each with its pages in a `_routes` beside it: `setup` (an invitation), `sign_in` (a
password and a code), `sign_on` (a work account, over `oidc` and `issuer`), `passkeys`. All open
`visits` (sessions); `identity` asks with each request whose cookie or token it is. Signed in:
`account_routes`, `confirm_routes` (the second factor again) and `emergency_routes`.
"""
