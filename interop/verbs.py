"""Every verb that needs one party, in a real call: what is heard, which callbacks come, and every
field of them beside the standard ones."""

from contextlib import contextmanager

from bxml_verbs import Bxml
from jambonz_verbs import Jambonz
from laml_verbs import Laml


class Verbs(Laml, Bxml, Jambonz):
    """One server, one application; a caller for each case."""


@contextmanager
def verbs(env):
    """The ring, closed afterwards."""
    ring = Verbs(env)
    try:
        yield ring
    finally:
        ring.close()
