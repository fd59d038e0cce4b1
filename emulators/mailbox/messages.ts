import { DatabaseSync } from 'node:sqlite';
import { emailKey } from '../../src/contracts/email.ts';
import { now } from '../../src/runtime/clock.ts';

export interface MessageSummary {
  id: number;
  messageId: string;
  from: string;
  /** Addresses of the envelope, in their form for comparison. */
  to: string[];
  subject: string;
  /** Milliseconds since the epoch. */
  receivedAt: number;
}

export interface Message extends MessageSummary {
  html: string;
  text: string;
  headers: Record<string, string>;
}

/** A reply code that the next recipients get instead of acceptance; only this recipient where one is named. */
export interface Fault {
  code: number;
  times: number;
  to?: string | undefined;
}

export interface Messages {
  /** Newest first; `to` is compared with the envelope's addresses, however it is typed. */
  list(to?: string): MessageSummary[];
  get(id: number): Message | undefined;
  add(message: Omit<Message, 'id' | 'receivedAt'>): void;
  clear(): void;
  setFault(fault: Fault): void;
  /** Uses up the fault by one; undefined if none is set for this recipient. */
  takeFault(to: string): number | undefined;
  close(): void;
}

interface Row extends Record<'messageId' | 'sender' | 'recipients' | 'subject' | 'html' | 'text' | 'headers', string> {
  id: number;
  receivedAt: number;
}

/** Opens the mailbox's database file, creating it if needed. */
export function openMessages(path: string): Messages {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      receivedAt INTEGER NOT NULL,
      messageId TEXT NOT NULL,
      sender TEXT NOT NULL,
      recipients TEXT NOT NULL,
      subject TEXT NOT NULL,
      html TEXT NOT NULL,
      text TEXT NOT NULL,
      headers TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS recipient_faults (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      code INTEGER NOT NULL,
      times INTEGER NOT NULL,
      recipient TEXT
    );
  `);
  const summary = 'SELECT id, receivedAt, messageId, sender, recipients, subject FROM messages';
  const all = database.prepare(`${summary} ORDER BY id DESC`);
  const forAddress = database.prepare(
    `${summary} WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?) ORDER BY id DESC`,
  );
  const one = database.prepare('SELECT * FROM messages WHERE id = ?');
  const insert = database.prepare(
    'INSERT INTO messages (receivedAt, messageId, sender, recipients, subject, html, text, headers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const use = database.prepare(
    'UPDATE recipient_faults SET times = times - 1 WHERE times > 0 AND (recipient IS NULL OR recipient = ?) RETURNING code',
  );
  const setFault = database.prepare(
    'INSERT OR REPLACE INTO recipient_faults (one, code, times, recipient) VALUES (1, ?, ?, ?)',
  );

  const summaryOf = (row: Row): MessageSummary => ({
    id: row.id,
    messageId: row.messageId,
    from: row.sender,
    to: JSON.parse(row.recipients) as string[],
    subject: row.subject,
    receivedAt: row.receivedAt,
  });

  return {
    list(to) {
      const rows = to === undefined ? all.all() : forAddress.all(emailKey(to));
      return (rows as unknown as Row[]).map(summaryOf);
    },
    get(id) {
      const row = one.get(id) as unknown as Row | undefined;
      return row && { ...summaryOf(row), html: row.html, text: row.text, headers: JSON.parse(row.headers) };
    },
    add({ messageId, from, to, subject, html, text, headers }) {
      const recipients = JSON.stringify(to.map(emailKey));
      insert.run(now(), messageId, from, recipients, subject, html, text, JSON.stringify(headers));
    },
    clear() {
      database.exec('DELETE FROM messages');
    },
    setFault({ code, times, to }) {
      setFault.run(code, times, to === undefined ? null : emailKey(to));
    },
    takeFault(to) {
      return (use.get(emailKey(to)) as { code: number } | undefined)?.code;
    },
    close() {
      database.close();
    },
  };
}
