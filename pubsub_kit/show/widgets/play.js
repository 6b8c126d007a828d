// A playground: labelled controls of the browser's own, the picture, and its words.

const READ = {
  slider: (input) => Number(input.value),
  choice: (input) => input.selectedIndex,
  toggle: (input) => input.checked,
};
const WRITE = {
  slider: (input, value) => (input.value = value),
  choice: (input, value) => (input.selectedIndex = value),
  toggle: (input, value) => (input.checked = value),
};

function field(control) {
  if (control.kind === "choice") {
    return made("select", {}, control.options.map((name) => made("option", { textContent: name })));
  }
  if (control.kind === "toggle") return made("input", { type: "checkbox" });
  const input = made("input", { type: "range" });
  return Object.assign(input, { min: control.low, max: control.high, step: control.step });
}

function row(control, change) {
  const input = field(control);
  input.id = fresh("control");
  const label = made("label", { htmlFor: input.id, textContent: control.label });
  const value = made("span", { className: "pk-value" });
  const show = () => {
    if (control.kind !== "slider") return;
    value.textContent = Number(input.value).toFixed(control.digits);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  input.addEventListener("input", () => { show(); change(control, input, false); });
  input.addEventListener("change", () => { show(); change(control, input, true); });
  keepKeys(input);
  const write = (given) => { WRITE[control.kind](input, given); show(); };
  return { write, element: made("div", { className: "pk-control" }, [label, input, value]) };
}

// Arrows scroll a box that has the focus; every other key stays the notebook's.
function scrollable(picture) {
  for (const box of picture.querySelectorAll("[tabindex]")) {
    keepKeys(box, (key) => key.startsWith("Arrow"));
  }
}

function wordsOf(shown) {
  return shown.words.map(([line, drawn]) =>
    made("div", { textContent: line, className: drawn ? "pk-drawn" : "" }));
}

function render({ model, el }) {
  const busy = made("div", { className: "pk-busy", textContent: "Running …", hidden: true });
  const picture = made("div", { className: "pk-picture" });
  const words = made("div", { className: "pk-words", role: "status" });
  words.setAttribute("role", "status");

  const change = (control, input, released) => {
    const slow = model.get("shown").slow;
    if (control.kind === "slider" && slow && !released) return;
    const asked = { ...model.get("values"), [control.name]: READ[control.kind](input) };
    if (asked[control.name] === model.get("values")[control.name]) return;
    busy.hidden = !slow;
    picture.setAttribute("aria-busy", String(slow));
    model.set("values", asked);
    model.save_changes();
  };

  const rows = new Map(model.get("controls").map((c) => [c.name, row(c, change)]));
  const follow = () => {
    for (const [name, value] of Object.entries(model.get("values"))) rows.get(name).write(value);
  };
  const draw = () => {
    const shown = model.get("shown");
    const before = picture.querySelector("[tabindex]");
    const at = before ? [before.scrollLeft, before.scrollTop] : [0, 0];
    const focused = before !== null && before === document.activeElement;
    picture.innerHTML = shown.picture;
    const after = picture.querySelector("[tabindex]");
    after?.scrollTo(...at);
    if (focused) after?.focus({ preventScroll: true });
    scrollable(picture);
    words.replaceChildren(...wordsOf(shown));
    busy.hidden = true;
    picture.setAttribute("aria-busy", "false");
  };

  el.classList.add("pk-play");
  el.append(...[...rows.values()].map((r) => r.element), busy, picture, words);
  follow();
  draw();
  model.on("change:values", follow);
  model.on("change:shown", draw);
  return () => {
    model.off("change:values", follow);
    model.off("change:shown", draw);
  };
}

export default { render };
