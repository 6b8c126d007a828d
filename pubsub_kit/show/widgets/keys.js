// JupyterLab takes letters and arrows for its own shortcuts unless the element that has the focus
// says otherwise. A control says so, but for the keys that run cells or save: while Ctrl, Alt or
// Meta is down, and for Shift+Enter, the notebook hears them as ever.
const SILENT = "lmSuppressShortcuts";

function keepKeys(element, wanted = () => true) {
  const silence = (on) => (on ? (element.dataset[SILENT] = "true") : delete element.dataset[SILENT]);
  const mine = (event) =>
    !event.ctrlKey && !event.altKey && !event.metaKey && event.key !== "Shift" &&
    !(event.shiftKey && event.key === "Enter") && wanted(event.key);
  element.addEventListener("keydown", (event) => silence(mine(event)));
  for (const end of ["keyup", "blur"]) element.addEventListener(end, () => silence(wanted("")));
  silence(wanted(""));
}

function made(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

let counted = 0;
const fresh = (name) => `pubsub-kit-${name}-${(counted += 1)}-${Math.random().toString(36).slice(2)}`;
