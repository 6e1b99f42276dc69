// Keys pressed before a story is drawn wait for its script and its buttons (story.js).
if (!window.blurlabStory && !window.blurlabHeld) {
  window.blurlabHeld = [];
  window.addEventListener("keydown", function hold(event) {
    const isThere = window.blurlabStory && document.querySelector(".st-key-story_next button");
    if (isThere) window.removeEventListener("keydown", hold);
    else if (event.target === document.body && !(event.ctrlKey || event.metaKey || event.altKey)) {
      window.blurlabHeld.push(event.key);
    }
  });
}
