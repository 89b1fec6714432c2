-- All of it anew, in one transaction: a release that was withdrawn is gone from here as well.
begin;
delete from published.cell;
\copy published.cell from pstdin
commit;
