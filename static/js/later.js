/**
 * What comes with its first use: modules, and the styles of what they show. Until a page is live it loads what the first
 * look needs, under 100 KB of scripts and styles (tests/browser/test_accessibility.py measures it). The rest is fetched
 * when the page has nothing else to do, so that it is there should the line go.
 */

/** Something that is made once, when it is asked for; should the line be gone just then, the next time. */
export function later(make) {
  let made = null;
  return () =>
    (made ??= make().catch((problem) => {
      made = null;
      throw problem;
    }));
}

const sheets = new Map();

/** Have a style sheet of `static/css` in force. */
export function sheet(name) {
  if (!sheets.has(name)) sheets.set(name, later(() => bring(new URL(`../css/${name}.css`, import.meta.url))));
  return sheets.get(name)();
}

async function bring({ href }) {
  if (Array.from(document.styleSheets).some((there) => there.href === href)) return;
  await new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error(`${href} was not fetched`));
    };
    document.head.append(link);
  });
}

/** Do something when the page has nothing else to do. */
export function whenIdle(act) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 200);
}
