// Asks the server for the networks' own answers at the very place of a slider. One question is on its
// way at a time, and of those that come meanwhile only the newest waits. Where the channel cannot be
// opened, nothing is said of it: the page has its sweep.

const AGAIN = 5000; // ms until a channel that could not be opened is tried again
const IDLE = 30000; // ms without a question after which it is closed

// receive(question, answers) is called for each question, as ask was given it, that is answered.
function makeAsker(receive) {
  let socket = null, underway = null, waiting = null, idle = null, failed = -AGAIN;

  function ask(question) {
    waiting = question;
    send();
  }

  function send() {
    if (!waiting || underway) return;
    if (!socket) return void (performance.now() - failed > AGAIN && open(waiting.path));
    if (socket.readyState !== WebSocket.OPEN) return;
    [underway, waiting] = [waiting, null];
    socket.send(JSON.stringify({ exact: underway.token, at: underway.at }));
    clearTimeout(idle);
    idle = setTimeout(() => socket?.close(), IDLE);
  }

  function open(path) {
    socket = new WebSocket(channelAddress(path));
    socket.onopen = send;
    socket.onmessage = ({ data }) => {
      const { answers } = JSON.parse(data), question = underway;
      underway = null;
      if (answers) receive(question, answers);
      send();
    };
    socket.onclose = ({ wasClean }) => {
      socket = underway = null;
      if (!wasClean) failed = performance.now();
    };
  }

  return ask;
}
