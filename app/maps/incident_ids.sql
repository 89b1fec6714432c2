-- The incidents within the filters, for questions about them from elsewhere.
select incident.id from app.incident where incident.deleted_at is null /* incidents */ /* window */
