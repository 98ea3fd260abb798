// How an import has ended, in words, and whether that is good.

const number = new Intl.NumberFormat("en");

const KEPT = "What was imported until then stays.";

/** `outcome` is "good", "mixed", "bad", or empty as long as nobody can tell. */
export function judge({ state, rows, handled, refused }) {
  const where = `at row ${number.format(handled)} of ${number.format(rows)}`;
  switch (state) {
    case "running":
      return { outcome: "", title: "Running", text: "" };
    case "done":
      return judgeRows(rows, refused);
    case "cancelled":
      return { outcome: "mixed", title: "Cancelled", text: `It was cancelled ${where}. ${KEPT}` };
    case "interrupted":
      return {
        outcome: "bad",
        title: "Interrupted",
        text: `The server was stopped ${where}. ${KEPT} Import the file again for the rest.`,
      };
    case "failed":
      return { outcome: "bad", title: "Failed", text: `It failed ${where}; the server's log says why. ${KEPT}` };
    default:
      return { outcome: "", title: "", text: "" };
  }
}

function judgeRows(rows, refused) {
  if (!refused) return { outcome: "good", title: "Done", text: "" };
  const text = `${number.format(refused)} of ${number.format(rows)} rows were refused.`;
  if (refused < rows) return { outcome: "mixed", title: "Done in part", text };
  return { outcome: "bad", title: "Nothing imported", text: "Every row was refused." };
}
