"""PublishXml and PublishAllXml: what waited becomes what everybody sees (dataverse.md 7.6)."""

from lxml import etree

from dataverse_emulator.state import edits, layers
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire.answers import Answer, Call, json_object


def publish_xml(organization: Organization, call: Call) -> Answer:
    """Publish the definitions, forms and views of some tables, and some global option sets."""
    text = json_object(call).get("ParameterXml")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(str(text or "").encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(Problem.INVALID_ARGUMENT, f"ParameterXml cannot be read: {error}") from None
    tables = _names(root, "/importexportxml/entities/entity/text()")
    sets = _names(root, "/importexportxml/optionsets/optionset/text()")
    if root.tag != "importexportxml" or not (tables or sets):
        raise not_implemented(
            "publishing anything but entities and optionsets", "<importexportxml><entities>… is."
        )
    for name in tables:
        edits.need_table(organization, name)
    for name in sets:
        edits.need_option_set(organization, name)
    edits.publish(organization, tables, sets)
    layers.publish(organization, tables)
    return Answer(204)


def _names(root: "etree._Element", path: str) -> frozenset[str]:
    found = root.xpath(path)
    return frozenset(str(name).strip().lower() for name in found) if isinstance(found, list) else frozenset()


def publish_all_xml(organization: Organization, _call: Call) -> Answer:
    """Publish everything."""
    edits.publish(organization, None, ())
    layers.publish(organization)
    return Answer(204)
