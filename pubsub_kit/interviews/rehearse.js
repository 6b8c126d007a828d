// A rehearsal: the interviewer's lines, a clock, an input with a history, buttons, choices; at the
// end a rating, and the report. Everything that somebody wrote goes in as text, never as HTML.

const LOOK = 5000; // milliseconds between two looks at the kernel's clock
const BANDS_HINT = "Leave a dimension out by choosing –.";

const face = (seconds) => {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

function button(text, act, className = "") {
  const made_ = made("button", { type: "button", textContent: text, className });
  made_.addEventListener("click", act);
  keepKeys(made_);
  return made_;
}

function labelled(text, control, className) {
  control.id = fresh("field");
  keepKeys(control);
  return made("div", { className }, [made("label", { htmlFor: control.id, textContent: text }), control]);
}

// The clock: what is left, counted on from what the kernel said last.
function clock(model, send) {
  const words = made("span", { className: "pk-left" });
  words.setAttribute("role", "timer");
  let since = performance.now(), looked = since, warned = "";
  const said = made("span", { className: "pk-drawn" });
  said.setAttribute("role", "status");
  const show = () => {
    const timer = model.get("timer");
    if (!timer.box) { words.textContent = ""; return; }
    const gone = timer.running ? (performance.now() - since) / 1000 : 0;
    const box = timer.box_left - gone, all = timer.left - gone;
    const state = timer.running ? "" : timer.ended ? " · ended" : " · paused";
    words.textContent = `${timer.box}: ${face(box)} left · in all: ${face(all)}${state}`;
    if (timer.running && box <= 60 && box > 0 && warned !== timer.box && timer.box_given > 90) {
      warned = timer.box;
      said.textContent = `One minute left for ${timer.box}.`;
    }
    const due = box <= 0 || all <= 0 ? 1000 : LOOK;
    if (timer.running && performance.now() - looked > due) { looked = performance.now(); send({ do: "tick" }); }
  };
  const fresh_ = () => { since = performance.now(); show(); };
  model.on("change:timer", fresh_);
  const ticking = setInterval(show, 250);
  show();
  const stop = () => { clearInterval(ticking); model.off("change:timer", fresh_); };
  return { element: made("div", { className: "pk-clock" }, [words, said]), stop };
}

function line([who, text]) {
  const name = { interviewer: "Interviewer", candidate: "You", kit: "Kit" }[who] ?? who;
  return made("div", { className: `pk-line pk-${who}` }, [
    made("span", { className: "pk-who", textContent: name }),
    made("span", { className: "pk-text", textContent: text }),
  ]);
}

// The log grows at its end, so that a screen reader reads what is new, and only that.
function transcript() {
  const box = made("div", { className: "pk-log", tabIndex: 0 });
  box.setAttribute("role", "log");
  box.setAttribute("aria-label", "The interview");
  keepKeys(box, (key) => key.startsWith("Arrow"));
  let shown = [];
  const show = (lines) => {
    const same = shown.every((one, n) => lines[n] && one[1] === lines[n][1] && one[0] === lines[n][0]);
    if (!same) { box.replaceChildren(); shown = []; }
    const fresh_ = lines.slice(shown.length);
    box.append(...fresh_.map(line));
    shown = lines;
    if (fresh_.length) box.scrollTop = box.scrollHeight;
  };
  return { element: box, show };
}

// What is typed: Enter says it, the arrows bring back what was said before.
function prompt(send, history) {
  const input = made("input", { type: "text", autocomplete: "off", maxLength: 4000 });
  let at = null, draft = "";
  const recall = (step) => {
    const past = history();
    if (at === null) { at = past.length; draft = input.value; }
    at = Math.min(past.length, Math.max(0, at + step));
    input.value = at === past.length ? draft : past[at];
  };
  const say = () => {
    if (!input.value.trim()) return;
    send({ do: "say", text: input.value });
    input.value = ""; at = null;
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) say();
    else if (event.key === "ArrowUp") recall(-1);
    else if (event.key === "ArrowDown") recall(1);
    else { at = null; return; }
    if (event.key !== "Enter" || !event.shiftKey) event.preventDefault();
  });
  const row = labelled("You say", input, "pk-say");
  row.append(button("Say it", say, "pk-main"));
  return { element: row, focus: () => input.focus() };
}

function choices(send) {
  const box = made("fieldset", { className: "pk-choices", hidden: true });
  let id = "";
  const show = (decision) => {
    box.hidden = !decision;
    if (!decision || decision.id === id) { id = decision ? id : ""; return; }
    id = decision.id;
    const group = fresh("options");
    const options = decision.options.map(([value, label]) => {
      const input = made("input", { type: "radio", name: group, value });
      keepKeys(input);
      input.addEventListener("change", () => { decide.disabled = false; });
      return made("label", { className: "pk-option" }, [input, made("span", { textContent: label })]);
    });
    const decide = button("Decide", () => {
      const chosen = box.querySelector("input:checked");
      if (chosen) send({ do: "decide", id, option: chosen.value });
    }, "pk-main");
    decide.disabled = true;
    box.replaceChildren(made("legend", { textContent: decision.ask }), ...options, decide);
  };
  return { element: box, show };
}

function claims(send) {
  const words = made("input", { type: "text", maxLength: 300, autocomplete: "off" });
  words.placeholder = "no double charge under crash up to 2";
  const sure = made("input", { type: "number", min: 0, max: 100, step: 5, value: 80 });
  const claim = () => {
    if (words.value.trim()) send({ do: "claim", text: words.value, sure: sure.value });
    words.value = "";
  };
  words.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) claim(); });
  return made("div", { className: "pk-claim" }, [
    labelled("You claim", words, "pk-field pk-wide"), labelled("how sure, in %", sure, "pk-field"),
    button("Claim it", claim),
  ]);
}

function rating(send) {
  const box = made("fieldset", { className: "pk-rating", hidden: true });
  let built = false;
  const show = (shown) => {
    box.hidden = shown.status !== "ended" || shown.rated;
    if (built || box.hidden) return;
    built = true;
    const fields = shown.dimensions.map((name) => {
      const select = made("select", {}, ["–", ...shown.bands].map((band) => made("option", { textContent: band })));
      return [name, select, labelled(name, select, "pk-field")];
    });
    const done = button("Show the report", () => {
      const bands = fields.map(([name, select]) => [name, select.value]).filter(([, band]) => band !== "–");
      send({ do: "rate", bands: Object.fromEntries(bands) });
    }, "pk-main");
    const legend = made("legend", { textContent: "Rate yourself before you read on" });
    box.replaceChildren(legend, made("p", { textContent: BANDS_HINT }), ...fields.map((f) => f[2]), done);
  };
  return { element: box, show };
}

// The report is a page of its own, in which nothing runs; it follows the notebook's theme.
function page(model) {
  const frame = made("iframe", { title: "Report of the rehearsal", className: "pk-report", hidden: true });
  frame.sandbox = "allow-same-origin allow-modals";
  let wanted = false;
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument?.documentElement;
    if (inside) frame.style.height = `${inside.scrollHeight + 8}px`;
    if (!wanted || frame.hidden) return;
    wanted = false;
    frame.scrollIntoView({ block: "start" });
    frame.focus({ preventScroll: true });
  });
  const show = () => {
    const html = model.get("report");
    frame.hidden = !html;
    if (!html) return;
    const light = document.body.dataset.jpThemeLight;
    const theme = light === undefined ? "" : ` data-theme="${light === "false" ? "dark" : "light"}"`;
    frame.srcdoc = html.replace('<html lang="en">', `<html lang="en"${theme}>`);
  };
  return { element: frame, show, want: () => { wanted = true; } };
}

function steps() {
  const list = made("ol", { className: "pk-steps" });
  list.setAttribute("aria-label", "Parts of the interview");
  const show = (shown) => {
    list.replaceChildren(...shown.boxes.map(([name, minutes], number) => {
      const item = made("li", { textContent: `${name} ${minutes}` });
      if (shown.status !== "ready" && number === shown.box) item.setAttribute("aria-current", "step");
      return item;
    }));
  };
  return { element: list, show };
}

function render({ model, el }) {
  const busy = made("div", { className: "pk-busy" });
  busy.setAttribute("role", "status");
  let waiting = 0;
  const life = mortal(model, el, { do: "look" }, () => { answered(); time.stop(); });
  const send = (message) => {
    life.send(message);
    if (message.do === "tick" || message.do === "look") return;
    if (message.do === "rate" || message.do === "last") report.want();
    clearTimeout(waiting);
    waiting = setTimeout(() => { busy.textContent = "Running …"; }, 400);
  };
  const answered = () => { clearTimeout(waiting); busy.textContent = ""; };
  const shown = () => model.get("shown");

  const title = made("div", { className: "pk-title" });
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "3");
  const about = made("p", { className: "pk-about" });
  const path = steps(), log = transcript(), time = clock(model, send), decide = choices(send);
  const say = prompt(send, () => shown().history), rate = rating(send), report = page(model);
  const picture = made("div", { className: "pk-picture" });
  const saved = made("p", { className: "pk-saved" });
  saved.setAttribute("role", "status");

  const begin = button("Start", () => send({ do: "start" }), "pk-main");
  const anew = button("Begin anew", () => send({ do: "anew" }));
  const last = button("Show the last report", () => send({ do: "last" }));
  const starts = made("div", { className: "pk-buttons" }, [begin, anew, last]);

  const next = button("Next part", () => send({ do: "next" }));
  const hint = button("Hint", () => send({ do: "hint" }));
  const run = button("Run the design", () => send({ do: "run" }));
  const hold = button("Pause", () => send({ do: shown().status === "paused" ? "resume" : "pause" }));
  let sure = 0;
  const end = button("End", () => {
    if (sure && Date.now() - sure < 6000) { sure = 0; end.textContent = "End"; send({ do: "end" }); return; }
    sure = Date.now();
    end.textContent = "Really end?";
    busy.textContent = "Press it once more to end the rehearsal.";
    setTimeout(() => { end.textContent = "End"; if (sure) busy.textContent = ""; sure = 0; }, 6000);
  });
  const buttons = made("div", { className: "pk-buttons" }, [next, hint, run, hold, end]);
  const going = made("div", {}, [decide.element, say.element, claims(send), buttons]);
  const keep = button("Save the report", () => send({ do: "save" }));

  let before = "";
  const draw = () => {
    answered();
    const now = shown();
    title.textContent = now.title;
    about.textContent = now.about;
    about.hidden = !now.about;
    begin.textContent = now.stopped ? "Go on" : "Start";
    starts.hidden = now.status !== "ready";
    anew.hidden = !now.stopped;
    last.hidden = !now.last;
    path.show(now);
    log.element.hidden = !now.lines.length;
    log.show(now.lines);
    going.hidden = now.status !== "running" && now.status !== "paused";
    for (const each of [next, hint, run]) each.disabled = now.status === "paused";
    hold.textContent = now.status === "paused" ? "Go on" : "Pause";
    decide.show(now.status === "running" ? now.decision : null);
    rate.show(now);
    keep.hidden = !(now.status === "ended" && now.rated);
    saved.textContent = now.saved;
    if (before && before !== now.status && now.status === "running") say.focus();
    before = now.status;
  };
  const paint = () => { picture.innerHTML = model.get("picture"); };

  el.classList.add("pk-rehearse");
  el.append(title, path.element, time.element, life.note, about, starts, log.element, going, busy,
    picture, rate.element, report.element, keep, saved);
  model.on("change:shown", draw);
  model.on("change:picture", paint);
  model.on("change:report", report.show);
  draw(); paint(); report.show();
  send({ do: "look" }); // a page that is opened again gets the time as it is now
  return () => {
    time.stop();
    life.off();
    model.off("change:shown", draw);
    model.off("change:picture", paint);
    model.off("change:report", report.show);
  };
}

export default { render };
