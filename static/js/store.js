/**
 * What this browser keeps between pages, in IndexedDB: messages that are not sent yet, drafts, and the newest messages
 * of conversations. Where there is no IndexedDB (private windows, a full disk) it is kept with the page, so callers
 * never see an error; `isLasting` tells which.
 */

const NAME = "chat";
const VERSION = 1;
const KEYS = { outbox: { keyPath: "order", autoIncrement: true }, drafts: { keyPath: "key" }, kept: { keyPath: "key" } };

const memory = new Map();
let opening = null;

function open() {
  opening ??= new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(NAME, VERSION);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(KEYS)) request.result.createObjectStore(name, options);
    };
    request.onerror = request.onblocked = () => resolve(null);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
  return opening;
}

async function inStore(name, mode, act) {
  const database = await open();
  if (!database) throw new DOMException("no database", "InvalidStateError");
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode);
    const request = act(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
  });
}

function kept(name) {
  if (!memory.has(name)) memory.set(name, new Map());
  return memory.get(name);
}

let spare = Number.MAX_SAFE_INTEGER / 2; // keys of what is in memory only: behind all that are stored

/** Keep a row; gives its key. Never fails: what cannot be stored is kept with the page. */
export async function put(name, row) {
  try {
    return await inStore(name, "readwrite", (store) => store.put(row));
  } catch {
    const { keyPath } = KEYS[name];
    row[keyPath] ??= spare++;
    kept(name).set(row[keyPath], row);
    return row[keyPath];
  }
}

/** All rows of a store, by their keys. */
export async function all(name) {
  const stored = await inStore(name, "readonly", (store) => store.getAll()).catch(() => []);
  return [...stored, ...kept(name).values()];
}

export async function get(name, key) {
  return kept(name).get(key) ?? (await inStore(name, "readonly", (store) => store.get(key)).catch(() => undefined));
}

export async function remove(name, key) {
  kept(name).delete(key);
  await inStore(name, "readwrite", (store) => store.delete(key)).catch(() => {});
}

/** Forget everything of a store. */
export async function clear(name) {
  kept(name).clear();
  await inStore(name, "readwrite", (store) => store.clear()).catch(() => {});
}
