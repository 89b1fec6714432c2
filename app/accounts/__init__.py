"""Who may do what. Until accounts exist, one demo actor, answered on loopback only."""
