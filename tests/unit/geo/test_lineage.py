from geo import lineage


def sets(**named):
    return {name: frozenset(sites) for name, sites in named.items()}


def test_the_same_run_twice_keeps_every_lineage():
    old = sets(L1="abc", L2="xyz")

    found = lineage.match(old, sets(n1="abc", n2="xyz"))

    assert found.continues == {"n1": "L1", "n2": "L2"}
    assert found.fresh == found.gone == []


def test_one_site_more_is_the_same_pattern():
    assert lineage.match(sets(L1="abc"), sets(n1="abcd")).continues == {"n1": "L1"}


def test_a_split_keeps_the_lineage_with_the_larger_part():
    found = lineage.match(sets(L1="abcdefgh"), sets(n1="abc", n2="fg"))

    assert found.continues == {"n1": "L1"}
    assert found.splits == {"n2": "L1"}


def test_a_split_beside_a_continuing_part():
    found = lineage.match(sets(L1="abcdef"), sets(n1="abcd", n2="ef"))

    assert found.continues == {"n1": "L1"}
    assert found.splits == {"n2": "L1"}


def test_a_merge_closes_the_smaller_into_the_one_that_continues():
    found = lineage.match(sets(L1="abcd", L2="xy"), sets(n1="abcdxy"))

    assert found.continues == {"n1": "L1"}
    assert found.merges == {"L2": "n1"}
    assert found.gone == []


def test_of_several_that_merge_the_oldest_gives_its_lineage():
    old = sets(L1="ab", L2="cd", L3="ef", L4="gh")

    found = lineage.match(old, sets(n1="abcdefgh"))

    assert found.continues == {"n1": "L1"}
    assert found.merges == {"L2": "n1", "L3": "n1", "L4": "n1"}


def test_others_are_fresh_or_gone():
    found = lineage.match(sets(L1="abc"), sets(n1="xyz"))

    assert found.fresh == ["n1"]
    assert found.gone == ["L1"]


def test_ties_go_to_the_older_and_then_the_lower():
    found = lineage.match(sets(L1="ab", L2="ab"), sets(n1="ab"))

    assert found.continues == {"n1": "L1"}


def test_content_ids_depend_on_parameters_and_members_only():
    params = lineage.params_hash({"eps_m": 250, "min_points": 5})

    assert lineage.content_id(params, ["b", "a"]) == lineage.content_id(params, ["a", "b"])
    assert lineage.content_id(params, ["a"]) != lineage.content_id(params, ["a", "b"])
    other = lineage.params_hash({"eps_m": 251, "min_points": 5})
    assert lineage.content_id(params, ["a"]) != lineage.content_id(other, ["a"])


def test_a_part_of_two_that_ended_goes_to_the_one_it_shares_more_with():
    old = sets(L1="abuvwxyz", L2="cdefghijkl")

    more = lineage.match(old, sets(n1="abcd"))
    most = lineage.match(sets(L1="abuvwxyz", L2="abcdefghij"), sets(n1="abcd"))

    assert more.continues == {"n1": "L1"}
    assert most.continues == {"n1": "L2"}


def test_no_old_lineage_is_given_twice():
    old = sets(L1="abcdefgh", L2="ijkl", L3="mn")

    found = lineage.match(old, sets(n1="ab", n2="cd", n3="ef", n4="ijklmn"))

    given = list(found.continues.values())
    assert len(given) == len(set(given))
    assert found.continues == {"n1": "L1", "n4": "L2"}
    assert found.splits == {"n2": "L1", "n3": "L1"}
    assert found.merges == {"L3": "n4"}
