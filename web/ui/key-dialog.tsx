/** Where the operator gives the key. It is tried at once, on a query that only the operator may ask. */
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { client, describeProblem } from '../api/client.js';
import { KEY_TRIAL } from '../api/operations/pipelines.js';
import { setOperatorKey, useOperatorKey } from '../api/operator-key.js';
import { Icon } from './icons.js';

async function tryKey(key: string): Promise<string | null> {
  const { error } = await client
    .query(KEY_TRIAL as string, {}, { requestPolicy: 'network-only', fetchOptions: { headers: { authorization: `Bearer ${key}` } } })
    .toPromise();
  return error === undefined ? null : describeProblem(error);
}

const dialogs = new Set<() => void>();

/** Opens the dialog from anywhere. */
export function askForKey(): void {
  for (const open of dialogs) open();
}

export function KeyDialog() {
  const key = useOperatorKey();
  const dialog = useRef<HTMLDialogElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [closed, setClosed] = useState(0);
  const close = () => dialog.current?.close();
  const register = (element: HTMLDialogElement | null) => {
    dialog.current = element;
    const open = () => element?.showModal();
    dialogs.add(open);
    return () => void dialogs.delete(open);
  };
  const onClose = () => {
    setClosed((times) => times + 1);
    // What opened the dialog may have gone with the key's coming.
    if (document.activeElement === document.body) button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`icon-button${key === null ? '' : ' up'}`}
        onClick={askForKey}
        aria-label={key === null ? "Give the operator's key" : "The operator's key is given"}
        title={key === null ? "Give the operator's key" : 'You act as the operator'}
      >
        <Icon name="key" />
      </button>
      <dialog ref={register} aria-labelledby="key-title" onClose={onClose}>
        {/* Another one for each time: what was typed before is forgotten. */}
        {key === null ? <GiveKey key={closed} close={close} /> : <KeepKey close={close} />}
      </dialog>
    </>
  );
}

function GiveKey({ close }: { close(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [trying, setTrying] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get('key')).trim();
    setTrying(true);
    const refused = await tryKey(key);
    setTrying(false);
    setProblem(refused);
    if (refused !== null) return;
    setOperatorKey(key);
    close();
  }
  return (
    <form className="dialog-form" onSubmit={submit}>
      <h2 id="key-title">Operator's key</h2>
      <p className="muted">
        Needed to change rules, run pipelines, and see rejected rows. The start prints where it lies, such as{' '}
        <code>.data/admin-api-key</code>. It is kept in this tab until you close it.
      </p>
      <label className="field">
        Key
        <input className="input mono" name="key" type="password" required autoComplete="off" spellCheck={false} />
      </label>
      {problem !== null && (
        <p className="notice" role="alert">
          {problem}.
        </p>
      )}
      <Buttons close={close}>
        <button type="submit" className="button primary" disabled={trying}>
          {trying ? 'Trying it…' : 'Use this key'}
        </button>
      </Buttons>
    </form>
  );
}

function KeepKey({ close }: { close(): void }) {
  const forget = () => {
    setOperatorKey(null);
    close();
  };
  return (
    <div className="dialog-form">
      <h2 id="key-title">You act as the operator</h2>
      <p className="muted">The key goes with every request of this tab, and is forgotten when you close it.</p>
      <Buttons close={close}>
        <button type="button" className="button danger" onClick={forget}>
          Forget the key
        </button>
      </Buttons>
    </div>
  );
}

function Buttons({ close, children }: { close(): void; children: ReactNode }) {
  return (
    <div className="dialog-buttons">
      <button type="button" className="button" onClick={close}>
        Cancel
      </button>
      {children}
    </div>
  );
}
