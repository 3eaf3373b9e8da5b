"""Prints what octoDNS would publish: for each zone its records as JSON.

Usage: judge.py CONFIG, in the directory that octoDNS is run in.
"""

import json
import logging
import sys
import warnings

from octodns.manager import Manager, ManagerException
from octodns.record import value_to_rdata_text

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)



class Elsewhere:
    """Stands for a provider that is not installed."""

    def __init__(self, id, **_):
        self.id = id


def named_class(self, kind, name, context):
    try:
        return found(self, kind, name, context)
    except ManagerException:
        return Elsewhere, 'elsewhere', '0'


found, Manager._get_named_class = Manager._get_named_class, named_class

manager = Manager(sys.argv[1])
zones = dict(manager._preprocess_zones(manager.config['zones']).items())
published = {}


def text(value):
    """A value in presentation form, but for texts, which are as they are."""
    if hasattr(value, 'to_raw_text'):
        return value.to_raw_text()
    if hasattr(value, 'tag'):
        return f'{value.flags} {value.tag} {value.value}'
    return value_to_rdata_text(value)


def publish(name, sources, processors, desired, lenient):
    _, zone = manager._populate_and_plan(
        name, processors, sources, [], desired=desired, lenient=lenient
    )
    published[name] = zone


zones = {n: c for n, c in zones.items() if not n.startswith('unselected')}
for name, config in zones.items():
    if 'alias' not in config:
        publish(
            name,
            manager._get_sources(name, config, []),
            manager._get_processors(name, config),
            None,
            config.get('lenient', False),
        )
for name, config in zones.items():
    if 'alias' in config:
        processors = manager._get_processors(name, config)
        publish(name, [], processors, published[config['alias']], False)

out = {}
for name, zone in published.items():
    records = []
    for r in zone.records:
        values = r.values if hasattr(r, 'values') else [r.value]
        records.append(
            {
                'name': r.fqdn,
                'type': r._type,
                'ttl': r.ttl,
                'values': [text(v) for v in values],
                'held': bool(r.ignored or r.included),
            }
        )
    out[name] = records
json.dump(out, sys.stdout)
