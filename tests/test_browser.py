"""The helpers that look at pages find what is wrong with one, and only that."""

import pytest
from browser import check_accessible

pytestmark = pytest.mark.browser
GOOD = '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1><img alt="a face" src="data:,"></main>'


def test_a_serious_violation_is_found(page):
    page.set_content(GOOD)
    check_accessible(page)
    page.set_content(GOOD.replace(' alt="a face"', ""))
    with pytest.raises(AssertionError, match="image-alt"):
        check_accessible(page)
