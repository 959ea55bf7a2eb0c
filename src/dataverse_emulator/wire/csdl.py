"""$metadata: the model as CSDL, made anew from whatever the model is (dataverse.md 2.5, 3.1, 7)."""

from typing import Final

from lxml import etree

from dataverse_emulator.state.columns import LOOKUPS, Column, Kind, edm_name
from dataverse_emulator.state.definitions import Definition, Model, Navigation, Way
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.answers import Answer, Call
from dataverse_emulator.wire.requests import options

NAMESPACE: Final = "Microsoft.Dynamics.CRM"
_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
#: The base type of users and teams, to which owners point (2.5).
_PRINCIPAL: Final = "principal"
_BASE: Final = "crmbaseentity"
_TRACKING: Final = "Org.OData.Capabilities.V1.ChangeTracking"

Element = etree._Element


def metadata(organization: Organization, call: Call) -> Answer:
    """GET $metadata; with `annotations=true` it says which sets have change tracking (3.1)."""
    annotated = options(call.query).get("annotations", "").lower() == "true"
    document = etree.Element(f"{{{_EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": _EDMX})
    services = etree.SubElement(document, f"{{{_EDMX}}}DataServices")
    schema = etree.SubElement(
        services,
        f"{{{_EDM}}}Schema",
        {"Namespace": NAMESPACE, "Alias": "mscrm"},
        nsmap={None: _EDM},  # type: ignore[dict-item]
    )
    _add(schema, "EntityType", Name=_BASE, Abstract="true")
    managed = _add(schema, "ComplexType", Name="BooleanManagedProperty")
    for name, kind in (
        ("Value", "Boolean"),
        ("CanBeChanged", "Boolean"),
        ("ManagedPropertyLogicalName", "String"),
    ):
        _add(managed, "Property", Name=name, Type=f"Edm.{kind}")
    _principal(schema)
    model = organization.model
    for definition in model.tables.values():
        _table(schema, model, definition)
    _container(schema, model, annotated=annotated)
    body = etree.tostring(document, xml_declaration=True, encoding="utf-8")
    return Answer(200, {"Content-Type": "application/xml"}, body)


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_EDM}}}{tag}", attributes)


def _principal(schema: Element) -> None:
    entity = _add(schema, "EntityType", Name=_PRINCIPAL, BaseType=f"mscrm.{_BASE}")
    _add(_add(entity, "Key"), "PropertyRef", Name="ownerid")
    _add(entity, "Property", Name="ownerid", Type="Edm.Guid")


def _table(schema: Element, model: Model, definition: Definition) -> None:
    base = _PRINCIPAL if definition.name in ("systemuser", "team") else _BASE
    entity = _add(schema, "EntityType", Name=definition.name, BaseType=f"mscrm.{base}")
    _add(_add(entity, "Key"), "PropertyRef", Name=definition.key)
    for column in definition.properties.values():
        _property(entity, column)
    for step in model.navigations[definition.name].values():
        _navigation(entity, model, step)
    for key in definition.keys:
        if key.status == "Active":
            _key(entity, definition, key.columns)


def _property(entity: Element, column: Column) -> None:
    kind = "mscrm.BooleanManagedProperty" if column.kind is Kind.MANAGED else edm_name(column.kind)
    if column.date_only:
        kind = "Edm.Date"
    found = _add(entity, "Property", Name=column.wire_name, Type=kind)
    if kind == "Edm.String":
        found.set("Unicode", "false")
    if column.kind in (Kind.DECIMAL, Kind.MONEY):
        found.set("Scale", "Variable")


def _navigation(entity: Element, model: Model, step: Navigation) -> None:
    target = _PRINCIPAL if len(step.targets) > 1 else step.target
    if target != _PRINCIPAL and target not in model.tables:
        return
    if step.way is not Way.ONE:
        found = _add(entity, "NavigationProperty", Name=step.name, Type=f"Collection(mscrm.{target})")
        found.set("Partner", _partner(model, step))
        return
    found = _add(entity, "NavigationProperty", Name=step.name, Type=f"mscrm.{target}")
    if target != _PRINCIPAL:
        found.set("Partner", _partner(model, step))
    referenced = "ownerid" if target == _PRINCIPAL else model.tables[target].key
    own = f"_{step.column}_value"
    _add(found, "ReferentialConstraint", Property=own, ReferencedProperty=referenced)


def _partner(model: Model, step: Navigation) -> str:
    """The property at the other end of the same relationship."""
    for other in model.navigations[step.target].values():
        if other.schema_name == step.schema_name and (other.name, other.table) != (step.name, step.table):
            return other.name
    return step.name


def _key(entity: Element, definition: Definition, columns: tuple[str, ...]) -> None:
    """An alternate key, as an annotation in the terms of the OData community."""
    annotation = _add(entity, "Annotation", Term="OData.Community.Keys.V1.AlternateKeys")
    record = _add(_add(annotation, "Collection"), "Record", Type="OData.Community.Keys.V1.AlternateKey")
    held = _add(_add(record, "PropertyValue", Property="Key"), "Collection")
    for name in columns:
        column = definition.columns[name]
        one = _add(held, "Record", Type="OData.Community.Keys.V1.PropertyRef")
        alias = f"_{name}_value" if column.kind in LOOKUPS else name
        _add(one, "PropertyValue", Property="Alias", String=name)
        _add(one, "PropertyValue", Property="Name", PropertyPath=alias)


def _container(schema: Element, model: Model, *, annotated: bool) -> None:
    container = _add(schema, "EntityContainer", Name="System")
    for definition in model.tables.values():
        kind = f"{NAMESPACE}.{definition.name}"
        found = _add(container, "EntitySet", Name=definition.set_name, EntityType=kind)
        for step in model.navigations[definition.name].values():
            if len(step.targets) == 1 and step.target in model.tables:
                target = model.tables[step.target].set_name
                _add(found, "NavigationPropertyBinding", Path=step.name, Target=target)
        if annotated and definition.tracked:
            annotation = _add(found, "Annotation", Term=_TRACKING)
            record = _add(annotation, "Record")
            _add(record, "PropertyValue", Property="Supported", Bool="true")
