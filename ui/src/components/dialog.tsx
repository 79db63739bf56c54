/** A modal window; the browser keeps the focus in it and Escape closes it. */

import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "./icons";

interface DialogProps {
  heading: string;
  close: () => void;
  children: ReactNode;
}

export function Dialog({ heading, close, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // A click on the backdrop arrives at the dialog itself.
    <dialog
      ref={box}
      className="dialog"
      aria-label={heading}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === box.current && close()}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2>{heading}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
