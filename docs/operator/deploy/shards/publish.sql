-- The approved cells of this partnership, for published.cell: run in the service's database as
-- cs_backup, the login that reads every row for backups already.
--   psql -X -v partnership=kingston-richmond -f publish.sql CONTEXTMAP | psql -X -f take.sql SHARED
-- Cells of a draft, of a release that was withdrawn, and of single places stay where they are.
copy (
    select :'partnership', release.code, cell.table_code, cell.period, cell.geo_kind, cell.geo_code,
           cell.dim_1, cell.dim_2, cell.shown, cell.low, cell.high, area.at
    from app.release_cell as cell
    join app.release as release on release.id = cell.release_id
    left join lateral (
        select public.ST_PointOnSurface(one.geom) as at
        from reference.area as one
        where one.code = cell.geo_code and cell.geo_kind <> 'BOTH'
        order by one.vintage desc, one.id desc limit 1
    ) as area on true
    where release.state = 'APPROVED' and cell.state = 'APPROVED'
      and cell.geo_kind in ('BOTH', 'BOROUGH', 'WARD')
    order by release.code, cell.table_code, cell.period, cell.geo_kind, cell.geo_code
) to stdout;
