// A question: its options as radio buttons, a button to commit, and what comes of it.

function option([letter, html], group, chosen, choose) {
  const input = made("input", { type: "radio", name: group, value: letter, checked: letter === chosen });
  input.addEventListener("change", () => choose(letter));
  keepKeys(input);
  return made("label", { className: "pk-option" }, [input, made("span", { innerHTML: html })]);
}

function render({ model, el }) {
  let letter = model.get("chosen");
  const button = made("button", { type: "button", textContent: model.get("button") });
  button.disabled = !letter;
  keepKeys(button);
  const choose = (chosen) => { letter = chosen; button.disabled = false; };
  const group = fresh("options");
  const options = model.get("options").map((given) => option(given, group, letter, choose));
  const legend = made("legend", { innerHTML: model.get("question") });
  const said = made("div", { className: "pk-said", innerHTML: model.get("said") });
  said.setAttribute("role", "status");
  button.addEventListener("click", () => model.send({ answer: letter }));
  const tell = () => { said.innerHTML = model.get("said"); };

  el.classList.add("pk-ask");
  el.append(made("fieldset", {}, [legend, ...options]), button, said);
  model.on("change:said", tell);
  return () => model.off("change:said", tell);
}

export default { render };
