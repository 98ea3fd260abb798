// Who this page is: a name that is offered again, and a secret by which the server knows it on its next connection.

const NAME = "chat.name";
const SECRET = "chat.secret";

export const earlierName = localStorage.getItem(NAME) ?? "";

// It lies in the tab's storage only while no page is there to hold it, so that a reloaded page is the same person, and
// a duplicated tab is another.
export const secret = sessionStorage.getItem(SECRET) ?? makeSecret();
addEventListener("pageshow", () => sessionStorage.removeItem(SECRET));
addEventListener("pagehide", () => sessionStorage.setItem(SECRET, secret));

export function rememberName(name) {
  localStorage.setItem(NAME, name);
}

function makeSecret() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
