"use strict";
// The page with the listings: a file is sent as it is, whatever it holds.
(() => {
  const form = document.getElementById("paste");
  const wrong = document.getElementById("wrong");
  async function send(file) {
    wrong.textContent = "";
    const answer = await fetch(`/paste?${new URLSearchParams({ name: file.name.slice(0, 200) })}`, {
      method: "POST", body: file, headers: { "content-type": "application/octet-stream" },
    });
    if (answer.ok) location.assign(answer.url);
    else wrong.textContent = `${file.name}: ${(await answer.json()).detail}`;
  }
  document.getElementById("file").addEventListener("change", ({ target }) => target.files[0] && send(target.files[0]));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    send(file);
  });
})();
