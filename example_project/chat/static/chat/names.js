// Names, which may repeat: where people share one, each of them is shown with a sign of their own.

const LISTED = 3;

const graphemes = new Intl.Segmenter();
const listed = new Intl.ListFormat("en");
const owners = new Map(); // as a reader tells names apart -> people and their shown names

/** Show `name` as that of `person`. */
export function buildName(person, name) {
  const element = document.createElement("span");
  const shown = document.createElement("b");
  const sign = document.createElement("span");
  element.className = "who";
  shown.className = "name";
  shown.dir = "auto";
  shown.textContent = name;
  sign.className = "sign";
  // Of messages from before people had ids there is nothing to tell.
  sign.textContent = person && ` #${person.slice(0, 4)}`;
  element.append(shown, sign);
  register(person, name, element);
  return element;
}

/** Make `element` the sign of a person: the initial, in a colour that is theirs. */
export function paint(element, person, name) {
  const hue = [...(person || name)].reduce((sum, char) => (sum * 31 + char.codePointAt(0) * 137) % 360, 0);
  const [initial] = graphemes.segment(name);
  element.style.setProperty("--hue", hue);
  element.textContent = initial.segment.toUpperCase();
}

/** "Ana, Ben and 298 others" */
export function listNames(names) {
  const shown = names.length > LISTED ? names.slice(0, LISTED - 1) : names;
  const rest = names.length - shown.length;
  return listed.format(rest ? [...shown, `${rest.toLocaleString("en")} others`] : shown);
}

function register(person, name, element) {
  const key = name
    .normalize("NFKC")
    .replace(/[\u200c\u200d]/g, "")
    .toLowerCase();
  element.dataset.name = key;
  const people = owners.get(key) ?? new Set();
  owners.set(key, people.add(person));
  if (people.size < 2) return;
  element.classList.add("shared");
  if (people.size > 2) return; // those that are shown already have it
  for (const one of document.querySelectorAll(`.who[data-name="${CSS.escape(key)}"]`)) one.classList.add("shared");
}
