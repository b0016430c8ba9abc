"""A generator of each kind, small enough to be compared with itself in float64."""

import pytest
from support import seeded

from stages.nets.mobilestylegan_net import MobileStyleGAN
from stages.nets.stylegan2_net import StyleGAN2


@pytest.fixture(scope="module", params=["mobilestylegan", "stylegan2"])
def generator(request) -> MobileStyleGAN | StyleGAN2:
    """Seeded and narrow, of 256 px, so three layers lie behind F; in float64, so that only rounding may differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.nets.stylegan2_net.channels_of", lambda *_: 8)
        net = MobileStyleGAN((16, 16, 16, 8, 8, 4)) if request.param == "mobilestylegan" else StyleGAN2(256)
    return seeded(net).double()
