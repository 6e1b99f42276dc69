// A button that copies the page's address and says so.

const SAID = 4000; // ms for which it does

export default function share({ data, parentElement }) {
  speak(parentElement, data.language);
  const button = parentElement.querySelector("button"), said = parentElement.querySelector("[role=status]");
  button.onclick = async () => {
    said.textContent = (await copy(location.href)) ? say("Copied") : say("The browser does not let it be copied: {address}", { address: location.href });
    clearTimeout(button.resting);
    button.resting = setTimeout(() => { said.textContent = ""; }, SAID);
  };
}

// The clipboard is there only for pages from this machine or over https; others have the old way.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
