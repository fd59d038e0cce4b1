// Keeps the live page of an order fresh: events say that something changed, the server says what the page looks like.
const first = document.querySelector('main[data-order]');

if (first) {
  const order = first.dataset.order;
  const announce = document.getElementById('announce');
  let clockOffset = Number(first.dataset.at) - Date.now();
  let sequence = Number(first.dataset.sequence);
  let announced = first.dataset.announcement;
  let timer;
  let loading = false;
  let again = false;

  const now = () => Date.now() + clockOffset;

  function duration(ms) {
    if (ms < 10000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
    const seconds = Math.floor(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  }

  function tick() {
    for (const element of document.querySelectorAll('[data-since]')) {
      const text = duration(Math.floor((now() - Number(element.dataset.since)) / 1000) * 1000).replace('.0 s', ' s');
      if (element.textContent !== text) element.textContent = text;
    }
  }

  function localTimes(root) {
    for (const element of root.querySelectorAll('time[data-local]')) {
      element.textContent = new Date(element.dateTime).toLocaleTimeString([], { hour12: false });
    }
  }

  /** Takes over what changed, section by section; what the reader opened stays open, and what has focus keeps it. */
  function replace(fresh) {
    const main = document.querySelector('main[data-order]');
    let previous;
    for (const section of [...fresh.children]) {
      const current = document.getElementById(section.id);
      if (!current) {
        if (previous) previous.after(section);
        else main.prepend(section);
        previous = section;
        continue;
      }
      previous = current;
      for (const details of section.querySelectorAll('details')) {
        details.open = current.querySelector('details')?.open ?? false;
      }
      const scroller = current.querySelector('.log');
      const atEnd = scroller ? scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40 : false;
      const top = scroller?.scrollTop ?? 0;
      if (current.contains(document.activeElement) && section.id === 'cancel') continue;
      if (current.dataset.source === section.innerHTML) continue;
      const source = section.innerHTML;
      const hadFocus = current.contains(document.activeElement) ? document.activeElement.tagName : undefined;
      current.className = section.className;
      current.replaceChildren(...section.childNodes);
      current.dataset.source = source;
      if (hadFocus) current.querySelector(hadFocus)?.focus({ preventScroll: true });
      const log = current.querySelector('.log');
      if (log) log.scrollTop = atEnd ? log.scrollHeight : top;
    }
    for (const section of [...main.children]) {
      if (section.id && ![...ids].includes(section.id)) section.remove();
    }
  }

  let ids = [];

  async function refresh() {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    try {
      const response = await fetch(`/orders/${order}?part=main`, { headers: { Accept: 'text/html' } });
      if (!response.ok) return;
      const parsed = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
      ids = [...parsed.children].map((section) => section.id);
      const main = document.querySelector('main[data-order]');
      clockOffset = Number(parsed.dataset.at) - Date.now();
      main.dataset.ended = parsed.dataset.ended;
      if (!source) sequence = Number(parsed.dataset.sequence);
      if (parsed.dataset.announcement !== announced) {
        announced = parsed.dataset.announcement;
        announce.textContent = announced;
        document.title = `${announced.split('.')[0]} · ${document.title.split(' · ').at(-1)}`;
      }
      localTimes(parsed);
      replace(parsed);
      tick();
      follow();
    } finally {
      loading = false;
      if (again) {
        again = false;
        soon();
      }
    }
  }

  function soon() {
    if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      void refresh();
    }, 150);
  }

  let source;

  /**
   * Streams the events while the page is visible and its order has not ended. Browsers open six connections to a server
   * at most, for all tabs together, so a tab that nobody looks at must not keep one.
   */
  function follow() {
    const isOver = document.querySelector('main[data-order]').dataset.ended === 'true';
    if (document.hidden || isOver) {
      source?.close();
      source = undefined;
    } else if (!source) {
      source = listen();
    }
  }

  function listen() {
    const opened = new EventSource(`/v1/orders/${order}/events?after=${sequence}`);
    const take = (event) => {
      sequence = Number(event.lastEventId);
      soon();
    };
    for (const type of ['order', 'instance', 'operation', 'step', 'log']) opened.addEventListener(type, take);
    opened.addEventListener('open', soon);
    opened.addEventListener('error', () => {
      // The browser comes back by itself after a broken connection, but not after a refusal.
      if (opened.readyState !== EventSource.CLOSED) return;
      setTimeout(async () => {
        if (source !== opened) return;
        source = undefined;
        try {
          await refresh();
        } finally {
          follow();
        }
      }, 5000);
    });
    return opened;
  }

  localTimes(document);
  tick();
  setInterval(tick, 1000);
  // A delivered server can be worked on after the end of its order.
  setInterval(() => {
    if (!document.hidden && !source) soon();
  }, 30000);
  document.addEventListener('visibilitychange', () => {
    follow();
    if (!document.hidden) soon();
  });
  follow();
}
