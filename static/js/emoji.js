/** A small list of emoji by their names, and the picker. */

const LIST =
  "👍 thumbs up yes +1|👎 thumbs down no -1|❤️ heart love|😂 joy laugh tears|😀 grin smile|🙂 slight smile|😊 blush|😉 wink|😍 heart eyes|😎 cool sunglasses|🤔 thinking hmm|😅 sweat smile|😢 cry sad|😭 sob|😡 angry|😱 scream|😴 sleep|🙄 eye roll|😬 grimace|🤯 mind blown|🥳 party face|🤗 hug|🤷 shrug|🤦 facepalm|🙏 please thanks pray|👏 clap|🙌 raised hands hooray|👋 wave hello bye|💪 strong muscle|👀 eyes look|👌 ok|✌️ peace|🤝 handshake deal|🫡 salute|🎉 tada party|🔥 fire|✨ sparkles|⭐ star|💯 hundred|✅ check done|❌ cross no|⚠️ warning|❓ question|❗ exclamation|💡 idea bulb|🚀 rocket ship|🐛 bug|🔧 wrench fix|🔨 hammer|⚙️ gear settings|🔒 lock|🔑 key|📌 pin|📎 paperclip|📝 memo note|📅 calendar|⏰ alarm clock|⌛ hourglass wait|📈 chart up|📉 chart down|📦 package|🧪 test tube|🤖 robot agent|💻 laptop|📱 phone|🎯 target|🏆 trophy|🎁 gift|🎂 cake birthday|☕ coffee|🍵 tea|🍕 pizza|🍺 beer|🌞 sun|🌧️ rain|🌈 rainbow|🌱 seedling|🐱 cat|🐶 dog|🦆 duck|🐌 snail slow|🐢 turtle|🦄 unicorn|🧠 brain|🫠 melting|😇 angel|🤩 star struck|😐 neutral|😕 confused|😮 wow open mouth|😤 huff|🤒 sick|💔 broken heart|💚 green heart|💙 blue heart|➕ plus|➖ minus|➡️ right arrow|⬅️ left arrow|⬆️ up arrow|⬇️ down arrow|🔁 repeat|🔍 search|🗑️ trash|🎵 music|🏠 home|✈️ plane|🚧 construction|🛑 stop";

const EMOJI = LIST.split("|").map((row) => {
  const [sign, ...names] = row.split(" ");
  return { sign, names: names.join(" ") };
});

/** Those whose name has a word that begins so. */
export function findEmoji(wanted, limit = EMOJI.length) {
  const start = wanted.toLowerCase();
  const ranked = EMOJI.filter(({ names }) => ` ${names}`.includes(` ${start}`));
  return ranked.slice(0, limit);
}

const picker = document.getElementById("emoji");
const search = picker.querySelector("input");
const grid = picker.querySelector(".emoji-grid");
let chosen = null;

function show() {
  grid.replaceChildren(
    ...findEmoji(search.value.trim()).map(({ sign, names }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: names, ariaLabel: names });
      button.onclick = () => {
        picker.hidePopover();
        chosen(sign);
      };
      return button;
    }),
  );
}

search.addEventListener("input", show);
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  grid.firstElementChild?.click();
});
grid.addEventListener("keydown", (event) => {
  const all = [...grid.children];
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
  if (!step) return;
  event.preventDefault();
  (all[all.indexOf(document.activeElement) + step] ?? search).focus();
});

/** Let one be picked, beside an element. */
export function pickEmoji(beside, pick) {
  chosen = pick;
  search.value = "";
  show();
  const { top, right, bottom } = beside.getBoundingClientRect();
  picker.showPopover();
  const { width, height } = picker.getBoundingClientRect();
  const y = bottom + height < innerHeight ? bottom + 4 : Math.max(8, top - height - 4);
  picker.style.setProperty("top", `${y}px`);
  picker.style.setProperty("left", `${Math.min(innerWidth - width - 8, Math.max(8, right - width))}px`);
  search.focus();
}
