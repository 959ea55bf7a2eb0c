// Calls every public method of dynamics-web-api against an emulator and prints what each gave, as JSON.
// node dynamics_web_api.cjs PACKAGE_FOLDER SERVER_URL
const { DynamicsWebApi } = require(process.argv[2]);

const api = new DynamicsWebApi({
  serverUrl: process.argv[3],
  onTokenRefresh: async () => "admin",
  dataApi: { version: "9.2" },
});
const found = {};

async function step(name, act) {
  try {
    found[name] = (await act()) ?? null;
  } catch (error) {
    found[name] = { status: error.status ?? null, message: String(error.message) };
  }
  return found[name];
}

const CRM = "Microsoft.Dynamics.CRM.";
const label = (text) => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] });
const attribute = (kind, schema, more) => ({
  "@odata.type": `${CRM}${kind}AttributeMetadata`,
  SchemaName: schema,
  DisplayName: label(schema),
  ...more,
});

async function rows() {
  const contact = await step("create", () =>
    api.create({ collection: "contacts", data: { lastname: "Ek", firstname: "Ann" }, returnRepresentation: true }));
  const key = contact.contactid;
  await step("retrieve", () => api.retrieve({ collection: "contacts", key, select: ["fullname"] }));
  await step("update", () =>
    api.update({ collection: "contacts", key, data: { jobtitle: "Chief" }, returnRepresentation: true }));
  await step("updateSingleProperty", () =>
    api.updateSingleProperty({ collection: "contacts", key, fieldValuePair: { jobtitle: "Clerk" } }));
  await step("upsert", () =>
    api.upsert({ collection: "contacts", key: "11111111-2222-3333-4444-555555555555",
                 data: { lastname: "Berg" }, returnRepresentation: true }));
  await step("retrieveMultiple", () =>
    api.retrieveMultiple({ collection: "contacts", select: ["lastname"], orderBy: ["lastname"], maxPageSize: 1, count: true }));
  await step("nextPage", () =>
    api.retrieveMultiple({ collection: "contacts" }, found.retrieveMultiple.oDataNextLink));
  await step("retrieveAll", () =>
    api.retrieveAll({ collection: "contacts", select: ["lastname"], maxPageSize: 1 }));
  await step("count", () => api.count({ collection: "contacts" }));
  await step("countAll", () => api.countAll({ collection: "contacts" }));
  const fetch = '<fetch mapping="logical"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/></entity></fetch>';
  await step("fetch", () => api.fetch({ collection: "contacts", fetchXml: fetch }));
  await step("fetchAll", () => api.fetchAll({ collection: "contacts", fetchXml: fetch }));
  const account = await step("createAccount", () =>
    api.create({ collection: "accounts", data: { name: "Firm" }, returnRepresentation: true }));
  const pair = { collection: "accounts", primaryKey: account.accountid, navigationProperty: "contact_customer_accounts" };
  await step("associate", () => api.associate({ ...pair, relationshipName: "contact_customer_accounts", relatedCollection: "contacts", relatedKey: key }));
  await step("associated", () => api.retrieve({ collection: "contacts", key, select: ["_parentcustomerid_value"] }));
  await step("disassociate", () => api.disassociate({ ...pair, relationshipName: "contact_customer_accounts", relatedKey: key }));
  const single = { collection: "accounts", primaryKey: account.accountid, navigationProperty: "primarycontactid" };
  await step("associateSingleValued", () =>
    api.associateSingleValued({ ...single, relatedCollection: "contacts", relatedKey: key }));
  await step("disassociateSingleValued", () => api.disassociateSingleValued(single));
  await step("callFunction", () => api.callFunction({ functionName: "WhoAmI" }));
  await step("callBoundFunction", () =>
    api.callFunction({ collection: "systemusers", key: found.callFunction.UserId, functionName: `${CRM}RetrieveUserPrivileges` }));
  await step("callAction", () => api.callAction({ actionName: "PublishAllXml" }));
  await step("createFileColumn", () =>
    api.createAttribute({ entityKey: "LogicalName='contact'", data: attribute("File", "asn_Doc", { MaxSizeInKB: 1024 }) }));
  await step("uploadFile", () =>
    api.uploadFile({ collection: "contacts", key, fileName: "a.txt", property: "asn_doc", data: Buffer.from("some text") }));
  const file = await step("downloadFile", () => api.downloadFile({ collection: "contacts", key, property: "asn_doc" }));
  await step("downloaded", async () => Buffer.from(file.data).toString());
  await step("deleteRecord", () => api.deleteRecord({ collection: "contacts", key }));
  api.startBatch();
  api.create({ collection: "contacts", data: { lastname: "Cyl" }, contentId: "1" });
  api.update({ collection: "contacts", key: "11111111-2222-3333-4444-555555555555", data: { jobtitle: "Boss" } });
  await step("executeBatch", () => api.executeBatch());
  await step("query", () => api.query("ann"));
  await step("search", () => api.search("ann"));
  await step("suggest", () => api.suggest("ann"));
  await step("autocomplete", () => api.autocomplete("ann"));
  const job = "11111111-2222-3333-4444-555555555555";
  await step("getBackgroundOperationStatus", () => api.getBackgroundOperationStatus(job));
  await step("cancelBackgroundOperation", () => api.cancelBackgroundOperation(job));
}

async function definitions() {
  const entity = await step("createEntity", () => api.createEntity({ data: {
    "@odata.type": `${CRM}EntityMetadata`, SchemaName: "asn_Thing", DisplayName: label("Thing"),
    DisplayCollectionName: label("Things"), OwnershipType: "UserOwned", HasNotes: false, HasActivities: false,
    Attributes: [attribute("String", "asn_Name", { IsPrimaryName: true, MaxLength: 100, FormatName: { Value: "Text" } })],
  } }));
  const table = await step("retrieveEntity", () => api.retrieveEntity({ key: entity, select: ["SchemaName", "MetadataId"] }));
  const whole = await step("wholeEntity", () => api.retrieveEntity({ key: "LogicalName='asn_thing'" }));
  await step("updateEntity", () => api.updateEntity({ data: { ...whole, DisplayName: label("Object") }, mergeLabels: true }));
  await step("retrieveEntities", () =>
    api.retrieveEntities({ select: ["LogicalName"], filter: "IsCustomEntity eq true" }));
  const column = await step("createAttribute", () =>
    api.createAttribute({ entityKey: entity, data: attribute("Integer", "asn_Number", { MinValue: 0, MaxValue: 9 }) }));
  const held = await step("retrieveAttribute", () =>
    api.retrieveAttribute({ entityKey: entity, attributeKey: column, castType: `${CRM}IntegerAttributeMetadata` }));
  await step("updateAttribute", () =>
    api.updateAttribute({ entityKey: entity, data: { ...held, DisplayName: label("Number") }, castType: `${CRM}IntegerAttributeMetadata` }));
  await step("retrieveAttributes", () =>
    api.retrieveAttributes({ entityKey: entity, castType: `${CRM}IntegerAttributeMetadata`, select: ["LogicalName", "MaxValue"] }));
  const relation = await step("createRelationship", () => api.createRelationship({ data: {
    "@odata.type": `${CRM}OneToManyRelationshipMetadata`, SchemaName: "asn_contact_thing",
    ReferencedEntity: "contact", ReferencedAttribute: "contactid", ReferencingEntity: "asn_thing",
    CascadeConfiguration: { Delete: "RemoveLink" }, Lookup: attribute("Lookup", "asn_ContactId"),
  } }));
  const link = await step("retrieveRelationship", () =>
    api.retrieveRelationship({ key: relation, castType: `${CRM}OneToManyRelationshipMetadata` }));
  await step("updateRelationship", () => api.updateRelationship({
    data: { ...link, CascadeConfiguration: { ...link.CascadeConfiguration, Delete: "Cascade" } },
    castType: `${CRM}OneToManyRelationshipMetadata` }));
  await step("retrieveRelationships", () => api.retrieveRelationships({
    castType: `${CRM}OneToManyRelationshipMetadata`, select: ["SchemaName"], filter: "ReferencingEntity eq 'asn_thing'" }));
  await step("deleteRelationship", () => api.deleteRelationship({ key: relation }));
  const set = await step("createGlobalOptionSet", () => api.createGlobalOptionSet({ data: {
    "@odata.type": `${CRM}OptionSetMetadata`, Name: "asn_level", DisplayName: label("Level"), IsGlobal: true,
    OptionSetType: "Picklist", Options: [{ Value: 1, Label: label("One") }],
  } }));
  const options = await step("retrieveGlobalOptionSet", () =>
    api.retrieveGlobalOptionSet({ key: set, castType: `${CRM}OptionSetMetadata` }));
  await step("updateGlobalOptionSet", () =>
    api.updateGlobalOptionSet({ data: { ...options, DisplayName: label("Rank") }, mergeLabels: true }));
  await step("retrieveGlobalOptionSets", () =>
    api.retrieveGlobalOptionSets({ castType: `${CRM}OptionSetMetadata`, select: ["Name"] }));
  await step("deleteGlobalOptionSet", () => api.deleteGlobalOptionSet({ key: set }));
  await step("retrieveCsdlMetadata", () => api.retrieveCsdlMetadata());
  api.setConfig({ useEntityNames: true });
  await step("setConfig", () => api.retrieveMultiple({ collection: "asn_thing", select: ["asn_name"] }));
  await step("initializeInstance", () => api.initializeInstance().callFunction({ functionName: "WhoAmI" }));
  await step("getCollectionName", async () => api.Utility.getCollectionName("contact"));
  await step("toAbsoluteUrl", async () => api.Utility.toAbsoluteUrl("contacts"));
}

// What has a method must have been called.
const methods = (held) => Object.keys(held).filter((name) => typeof held[name] === "function");
found.methods = [...methods(api), ...methods(api.Utility)];

rows().then(definitions).then(() => process.stdout.write(JSON.stringify(found)));
