"""Holds what the double says to the models of Azure's SDK: a field that they do not know is a mistake of ours."""

from __future__ import annotations

import datetime
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import azure.mgmt.compute.models as compute
import azure.mgmt.network.models as network

_MODELS: Mapping[str, tuple[types.ModuleType, str]] = {
    "microsoft.compute/virtualmachines": (compute, "VirtualMachine"),
    "microsoft.compute/disks": (compute, "Disk"),
    "microsoft.compute/virtualmachinescalesets": (compute, "VirtualMachineScaleSet"),
    "microsoft.network/networkinterfaces": (network, "NetworkInterface"),
    "microsoft.network/virtualnetworks": (network, "VirtualNetwork"),
    "microsoft.network/virtualnetworks/subnets": (network, "Subnet"),
    "microsoft.network/networksecuritygroups": (network, "NetworkSecurityGroup"),
    "microsoft.network/routetables": (network, "RouteTable"),
    "microsoft.network/loadbalancers": (network, "LoadBalancer"),
    "microsoft.network/publicipaddresses": (network, "PublicIPAddress"),
    "microsoft.network/natgateways": (network, "NatGateway"),
}
"""By type in lower case. Resource groups and subscriptions have no model in the installed packages."""


def mistakes(resource_type: str, body: Mapping[str, Any]) -> list[str]:
    """Every field of the body that the SDK's model does not have, or has with another sort of value."""
    found = _MODELS.get(resource_type.casefold())
    return list(_mistakes(getattr(*found), body, "")) if found is not None else []


def _mistakes(wanted: Any, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        yield from _of_union(arguments, value, path)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: a list is wanted, not {value!r}"
            return
        for place, item in enumerate(value):
            yield from _mistakes(arguments[0], item, f"{path}[{place}]")
    elif origin is dict:
        if not isinstance(value, Mapping):
            yield f"{path}: an object is wanted, not {value!r}"
            return
        for key, item in value.items():
            yield from _mistakes(arguments[1], item, f"{path}.{key}")
    elif isinstance(wanted, type) and hasattr(wanted, "_deserialize"):
        yield from _of_model(wanted, value, path)
    elif wanted in (bool, int, str) and type(value) is not wanted:
        yield f"{path}: {wanted.__name__} is wanted, not {value!r}"


def _of_union(choices: tuple[Any, ...], value: Any, path: str) -> Iterator[str]:
    """Without mistakes for one of the choices; enumerations allow any text, as the SDK does."""
    if isinstance(value, str) and any(isinstance(choice, type) and issubclass(choice, str) for choice in choices):
        return
    tries = [list(_mistakes(choice, value, path)) for choice in choices if choice is not type(None)]
    yield from min(tries, key=len, default=[])


def _of_model(model: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: {model.__name__} is wanted, not {value!r}"
        return
    fields = _fields(model)
    for key, item in value.items():
        if key not in fields:
            yield f"{path}.{key}: {model.__name__} has no such field"
        else:
            yield from _mistakes(fields[key], item, f"{path}.{key}")


@functools.cache
def _fields(model: Any) -> Mapping[str, Any]:
    """Type by name on the wire. The SDK puts its fields together when a model is first made."""
    model({})
    module = compute if model.__module__.startswith("azure.mgmt.compute") else network
    hints = typing.get_type_hints(model, {**vars(module), "_models": module, "datetime": datetime, "Any": Any})
    return {field._rest_name: hints[name] for name, field in model._attr_to_rest_field.items()}
