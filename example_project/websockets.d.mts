// What the server takes and sends; written by `manage.py websockets --typescript`.

export interface ItemForm { text: string }

export interface ItemIdForm { item: number | string }

export interface Joining { name: string; secret?: string | null }

export interface KickForm { person: number | string; reason: string }

export interface Message { id: number; person: string; name: string; text: string; at: string }

export interface MessageData { id: number; person: string; name: string; text: string; at: string }

export interface NoteData { id: number; sender: string; text: string; at: string; unread: number }

export interface NoteForm { recipient: number | string; text: string }

export interface Overview { total: number; visitors: number; samples: (Sample)[] }

export interface Page { messages: (MessageData)[]; more: boolean }

export interface Paging { before: number }

export interface Person { person: string; name: string }

export interface Question { question: string }

export interface Report { id: number; state: string; file: string; rows: number; handled: number; added: number; updated: number; refused: number; errors: (string)[]; stored: number }

export interface Said { id: number }

export interface Sample { at: number; presses: number; visitors: number }

export interface Saying { text: string }

export interface Total { total: number }

export interface Unread { count: number }

export interface Welcome { messages: (MessageData)[]; more: boolean; people: (Person)[] }

/** /chat */
export interface Chat {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
    welcome: Welcome;
    joined: Person;
    left: Person;
    typing: Person;
    message_created: Message;
    message_changed: Message;
    message_deleted: { id: number };
    message_many: { count: number };
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    join: { data: Joining; reply: Person };
    say: { data: Saying; reply: Said };
    typing: { data: Record<string, never>; reply: Record<string, never> };
    history: { data: Paging; reply: Page };
  };
}

/** /import */
export interface Import {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
    module_progressbar_rows_report: Report;
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    module_progressbar_rows_cancel: { data: Record<string, unknown>; reply: Record<string, never> };
    look: { data: Record<string, never>; reply: Record<string, never> };
  };
}

/** /counter */
export interface Counter {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
    welcome: Overview;
    pressed: Total;
    sample: Sample;
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    press: { data: Record<string, never>; reply: Record<string, never> };
  };
}

/** /shopping */
export interface Shopping {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    add: { data: ItemForm; reply: Record<string, never> };
    tick: { data: ItemIdForm; reply: Record<string, never> };
    drop: { data: ItemIdForm; reply: Record<string, never> };
  };
}

/** /assistant */
export interface Assistant {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
    confirm: Question;
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    ask: { data: Question; reply: Record<string, never>; part: string };
    forget: { data: Record<string, never>; reply: boolean };
  };
}

/** /bell */
export interface Bell {
  /** What the server sends. */
  on: {
    warning: { code: string; message: string; [detail: string]: unknown };
    note: NoteData;
    unread: Unread;
  };
  /** What it takes, and what it replies: a ``part`` is one of many. */
  emit: {
    write: { data: NoteForm; reply: Record<string, never> };
    read: { data: Record<string, never>; reply: Record<string, never> };
    kick: { data: KickForm; reply: Record<string, never> };
  };
}
