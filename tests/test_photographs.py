"""The photographs of scikit-image's package, found without importing it."""

import subprocess
import sys

import pytest

from blurlab.pictures import photographs


def test_the_photographs_are_all_in_the_installed_package():
    found = photographs.here()
    assert list(found) == list(photographs.PHOTOGRAPHS)
    assert len({photo.title for photo in found.values()}) == len(found)


def test_photographs_are_square_and_have_something_on_them():
    for name in photographs.here():
        image = photographs.photograph(name, 64)
        assert image.shape == (3, 64, 64)
        assert 0 <= image.min() <= image.max() <= 1
        assert image.std() > 0.02, name


def test_photographs_need_no_network_code():
    program = (
        "import sys; from blurlab.pictures import photographs; photographs.photograph('cat', 32); "
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = ran.stdout.split()
    assert "blurlab.pictures.photographs" in loaded, ran.stderr
    assert not {"skimage", "pooch", "streamlit"} & set(loaded)


def test_an_unknown_photograph_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="unicorn is not a photograph here: choose from astronaut"):
        photographs.photograph("unicorn", 64)
