from reprollm.screening.features import features, words


def test_words_are_the_same_however_they_are_written():
    spelled = ("Größe—Maß", "GRÖSSE maß", "Gro\u0308\u00dfe, Mass!", "ＧＲÖẞＥ  MASS")
    assert {tuple(words(text)) for text in spelled} == {("grosse", "mass")}


def test_words_end_at_punctuation_and_digits_belong_to_them():
    assert words("„Anno 1525“, d.h. 3½ fl.") == ["anno", "1525", "d", "h", "31", "2", "fl"]


def test_ideographs_are_words_of_their_own():
    assert words("漢字 kanji") == ["漢", "字", "kanji"]


def test_a_feature_of_one_text_alone_is_left_out():
    found = features(["rot grün", "rot blau"])
    assert found.words == (("w:rot",), ("w:rot",))


def test_form_shows_what_normalisation_hides():
    found = features(["WER?", "WAS?", "wer", "was"])
    assert {"p:?", "u:10"} <= set(found.form[0]) & set(found.form[1])
    assert "u:0" in found.form[2]
    assert "p:?" not in found.form[2]


def test_tenths_are_those_of_all_texts_together():
    texts = ["x" * length for length in (1, 1, 5, 5, 9, 9)]
    kept = [[name for name in names if name.startswith("c:")] for names in features(texts).form]
    assert kept == [["c:0"], ["c:0"], ["c:3"], ["c:3"], ["c:6"], ["c:6"]]


def test_dates_are_tenths_and_a_missing_date_is_its_own():
    found = features(["a"] * 5, ["1900", "1900", "2001-05", None, ""])
    dated = [[name for name in names if name.startswith("d:")] for names in found.form]
    assert dated == [["d:0"], ["d:0"], [], ["d:"], ["d:"]]


def test_empty_texts_have_features_too():
    assert features(["", ""]).form[0] == ("c:0", "n:0", "u:0")
