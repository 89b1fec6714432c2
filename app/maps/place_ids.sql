-- The places within the filters, for questions about them from elsewhere.
select place.id from app.place where place.deleted_at is null /* places */
