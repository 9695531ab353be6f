// Shows how many bytes of an upload were sent. Without this script the form is sent as any other.
"use strict";

const form = document.getElementById("upload");
const problem = document.getElementById("upload-problem");
const shown = document.getElementById("upload-progress");

function tell(text) {
  problem.textContent = text;
  problem.hidden = text === "";
}

function grouped(bytes) {
  return bytes.toLocaleString("en");
}

function end(button, text) {
  shown.hidden = true;
  button.disabled = false;
  tell(text);
}

function send(event) {
  event.preventDefault();
  const [file] = form.elements.namedItem("file").files;
  const button = form.querySelector("button[type=submit]");
  if (file.size > Number(form.dataset.mostBytes)) {
    tell(form.dataset.tooLarge);
    return;
  }
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (sent) => {
    shown.querySelector("progress").value = sent.total ? (100 * sent.loaded) / sent.total : 0;
    document.getElementById("upload-bytes").textContent = `${grouped(sent.loaded)} / ${grouped(sent.total)} bytes`;
  });
  request.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // A page, such as the one for people who are not signed in any more.
    }
    if (answer.location) {
      window.location.assign(answer.location);
    } else {
      end(button, answer.problem || form.dataset.brokeOff);
    }
  });
  for (const broken of ["error", "timeout", "abort"]) {
    request.addEventListener(broken, () => end(button, form.dataset.brokeOff));
  }
  document.getElementById("upload-cancel").onclick = () => request.abort();
  tell("");
  button.disabled = true;
  shown.hidden = false;
  request.send(new FormData(form));
}

if (form) {
  form.addEventListener("submit", send);
}
