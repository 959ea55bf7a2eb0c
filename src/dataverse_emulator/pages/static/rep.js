// Who is at work: the name that changes are saved under, kept between visits.

const KEY = "emulator-rep";
const DEFAULT = "rep-anna";
const field = document.getElementById("rep");

function remembered() {
  try {
    return localStorage.getItem(KEY) || DEFAULT;
  } catch {
    return DEFAULT; // Storage may be forbidden; the page works without.
  }
}

field.value = remembered();
field.addEventListener("change", () => {
  field.value = field.value.trim() || DEFAULT;
  try {
    localStorage.setItem(KEY, field.value);
  } catch {
    // As above.
  }
});

/** The name, or a problem in words when it cannot be sent as a bearer token. */
export function rep() {
  const name = field.value.trim() || DEFAULT;
  if (!/^[\x21-\x7e]+$/.test(name)) {
    throw new Error("Your name at the top may hold plain letters, digits and punctuation, without spaces.");
  }
  return name;
}

/** A change through the Web API; problems come as errors whose message is for people. */
export async function write(method, path, values) {
  const name = rep();
  const headers = {
    Authorization: `Bearer ${name}`,
    "Content-Type": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
  };
  if (method === "PATCH") headers["If-Match"] = "*";
  let answer;
  try {
    answer = await fetch(`/api/data/v9.2/${path}`, { method, headers, body: JSON.stringify(values) });
  } catch {
    throw new Error("No answer came, so the change may or may not have been saved. Look, then save again.");
  }
  if (!answer.ok) throw new Error(await inWords(answer, name));
  return answer;
}

async function inWords(answer, name) {
  let text = "";
  try {
    text = (await answer.json()).error.message;
  } catch {
    // Without a body the status has to do.
  }
  const again = answer.headers.get("Retry-After");
  const wait = again ? ` Wait ${again} s, then save again.` : "";
  switch (answer.status) {
    case 401:
      return `Not saved: the emulator does not accept “${name}” as a user.`;
    case 404:
      return `Not saved: ${text || "the contact no longer exists."}`;
    case 429:
      return `Not saved: too many requests.${wait || " Save again in a moment."}`;
    case 503:
      return `Not saved: the service is unavailable.${wait || " Save again in a moment."}`;
    default:
      return `Not saved: ${text || "the emulator gave no reason."} (${answer.status})`;
  }
}
