// A card: its front, a field or radio buttons for the answer, and what comes of it. Python decides.

function field(how, submit) {
  const input = made("input", { type: "text", autocomplete: "off", maxLength: 400 });
  keepKeys(input);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey) { event.preventDefault(); submit(); }
  });
  return { node: made("label", { className: "pk-answer" }, [made("span", { textContent: how }), input]),
    first: input, value: () => input.value };
}

function radios(options, submit) {
  const group = fresh("card");
  const inputs = options.map(([letter]) => made("input", { type: "radio", name: group, value: letter }));
  inputs.forEach((input) => {
    keepKeys(input);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey) { event.preventDefault(); submit(); }
    });
  });
  const rows = options.map(([, html], i) =>
    made("label", { className: "pk-option" }, [inputs[i], made("span", { innerHTML: html })]));
  return { node: made("div", {}, rows), first: inputs[0],
    value: () => (inputs.find((input) => input.checked) || { value: "" }).value };
}

// The options of a card that was answered: a sign in words says which is right, and which was yours.
function settled(options, signs) {
  return made("ul", { className: "pk-options" }, options.map(([, html], i) =>
    made("li", {}, [made("span", { innerHTML: html }),
      ...(signs[i] ? [made("strong", { textContent: ` ${signs[i]}` })] : [])])));
}

function press(label, act) {
  const button = made("button", { type: "button", textContent: label });
  keepKeys(button);
  button.addEventListener("click", act);
  return button;
}

const JUDGE = "Did you have it? Press y or n.";

function render({ model, el }) {
  const count = made("p", { className: "pk-count" });
  const form = made("fieldset");
  const buttons = made("div", { tabIndex: -1 });
  buttons.setAttribute("role", "group");
  keepKeys(buttons);
  const said = made("div", { className: "pk-said" });
  said.setAttribute("role", "status");
  const run = made("div", { className: "pk-picture" });
  let moved = false;
  let wrote = "";
  const life = mortal(model, el, { act: "" });
  const send = (act, text = "") => { moved = true; life.send({ act, text }); };
  const look = (text) => { wrote = text; send("look", text); };
  buttons.addEventListener("keydown", (event) => { // neither y nor n is what Enter would press
    const judged = model.get("turn").stage === "judge" && ["y", "n"].includes(event.key);
    if (!judged || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    send("answer", event.key);
  });

  const draw = () => {
    const turn = model.get("turn");
    count.textContent = turn.count || "";
    const answer = turn.options && turn.options.length
      ? radios(turn.options, () => send("answer", answer.value()))
      : field(turn.how || "", () => (turn.stage === "said" ? look(answer.value()) : send("answer", answer.value())));
    const shown = turn.stage === "end" ? [] : [made("legend", { className: "pk-front", innerHTML: turn.front })];
    if (turn.stage === "ask" || turn.stage === "said") shown.push(answer.node);
    if (turn.stage === "told" && turn.signs?.length) shown.push(settled(turn.options, turn.signs));
    if (turn.stage === "judge" && wrote) shown.push(made("p", { textContent: `You wrote: ${wrote}` }));
    form.replaceChildren(...shown);
    const open = { ask: [["Answer", () => send("answer", answer.value())], ["Hint", () => send("hint")],
        ["I don't know", () => send("skip")]],
      said: [["Look", () => look(answer.value())], ["Hint", () => send("hint")]],
      judge: [["I had it (y)", () => send("answer", "y")], ["Not yet (n)", () => send("answer", "n")]],
      told: [["Next card", () => send("next")]], end: [["Look again", () => send("next")]] };
    const made_ = (open[turn.stage] || []).map(([label, act]) => press(label, act));
    const judging = turn.stage === "judge";
    buttons.setAttribute("aria-label", judging ? JUDGE : "What to do");
    buttons.replaceChildren(...(judging ? [made("span", { textContent: `${JUDGE} ` })] : []), ...made_);
    const asks = turn.stage === "ask" || turn.stage === "said";
    if (moved) (asks ? answer.first : judging ? buttons : made_[0])?.focus();
  };
  const tell = () => { said.innerHTML = model.get("said"); };
  const show = () => { run.innerHTML = model.get("picture"); };

  el.classList.add("pk-ask", "pk-cards");
  el.append(count, life.note, form, buttons, said, run);
  draw(); tell(); show();
  model.on("change:turn", draw);
  model.on("change:said", tell);
  model.on("change:picture", show);
  return () => {
    life.off();
    model.off("change:turn", draw);
    model.off("change:said", tell);
    model.off("change:picture", show);
  };
}

export default { render };
