// A kernel that is restarted forgets its widgets, and a page of them still looks alive. But Lab has
// closed the line to each: it says so, or the next message on it fails. Then the controls stop, and
// a line says what to do.
const GONE = "The kernel was restarted: run this cell again to go on where you were.";

function mortal(model, el, ping, stop = () => {}) {
  const note = made("p", { className: "pk-gone", hidden: true });
  note.setAttribute("role", "alert");
  let gone = false;
  const end = () => {
    if (gone) return;
    gone = true;
    stop();
    for (const control of el.querySelectorAll("button, input, select")) control.disabled = true;
    note.textContent = GONE;
    note.hidden = false;
  };
  const send = (message) => {
    if (gone) return;
    try {
      Promise.resolve(model.send(message)).catch(end);
    } catch {
      end();
    }
  };
  // The word of it comes while the line is being closed, so it is tried a moment later.
  const tried = () => setTimeout(() => { if (el.isConnected) send(ping); }, 100);
  model.on("comm_live_update", tried);
  return { send, note, off: () => model.off("comm_live_update", tried) };
}
