// Sends the form as soon as a control changes; without it, the button does.
const form = document.querySelector("form[data-send-on-change]");
form.querySelector("[data-send]").hidden = true;
form.addEventListener("change", (event) => {
  const mix = event.target.dataset.mix;
  if (mix) form.querySelector("[data-reader]").value = mix;
  form.requestSubmit();
});
