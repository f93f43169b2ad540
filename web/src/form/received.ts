// What the person sees after the form was taken: a number, a signed receipt, and how to check it without trusting this page.
import { html, nothing, type TemplateResult } from 'lit';
import { coded, pick, t } from '../i18n/index';
import { download } from '../lib/download';
import { dateTime } from '../lib/time';
import type { Form, Received } from '../lib/types';

interface Outcome {
  received: Received;
  form: Form;
  staff: boolean;
  again(): void;
  /** The file of public keys, as it is published. */
  keys(): Promise<string>;
}

/** The end of the form. */
export function receivedView({ received, form, staff, again, keys }: Outcome): TemplateResult {
  const file = `receipt-${received.submission}.json`;
  return html`
    <section class="panel received" aria-labelledby="received">
      <p class="tick" aria-hidden="true">✓</p>
      <h1 id="received" tabindex="-1">${t(staff ? 'received.title.staff' : 'received.title')}</h1>
      <p>${t(staff ? 'received.text.staff' : 'received.text')}</p>
      <dl class="facts">
        <div><dt>${t(staff ? 'received.customer' : 'received.number')}</dt><dd class="mono">${received.submission}</dd></div>
        ${received.received ? html`<div><dt>${t('received.time')}</dt><dd>${dateTime(received.received)}</dd></div>` : nothing}
        <div><dt>${t('received.notice')}</dt><dd class="mono">${form.notice.version}</dd></div>
      </dl>
      ${received.refused?.length ? refusedView(received, form) : nothing}
      ${received.receipt ? html`
        <div class="receipt">
          <h2>${t('received.receipt')}</h2>
          <p>${t('received.receipt.text')}</p>
          <div class="row">
            <button type="button" class="button primary" @click=${() => download(file, receiptText(received.receipt), 'application/json')}>${t('received.receipt.save')}</button>
            <button type="button" class="button" @click=${async () => download('keys.json', await keys(), 'application/json')}>${t('received.keys.save')}</button>
          </div>
          <details>
            <summary>${t('received.verify')}</summary>
            <p>${t('received.verify.text')}</p>
            <pre class="mono" tabindex="0">kexin verify ${file} --keys keys.json</pre>
          </details>
        </div>` : nothing}
      <p class="help">${t('received.rights', { contact: form.processor.contact })}</p>
      <div class="row"><slot name="after"></slot><button type="button" class="button" @click=${again}>${t('received.again')}</button></div>
    </section>`;
}

function refusedView(received: Received, form: Form): TemplateResult {
  const title = (name: string) => pick(form.fields.find((field) => field.name === name.replace(/^fields\./, ''))?.title) || name;
  return html`
    <div class="note warn">
      <h2>${t('received.refused')}</h2>
      <ul>${received.refused!.map(({ field, code }) => html`<li>${title(field)}${t('colon')}${coded('fault', code)}</li>`)}</ul>
    </div>`;
}

// receiptText gives the one encoding that verifiers demand: JSON without white space in the order of the server, which is what
// JSON.stringify makes of what JSON.parse read (receipts hold no number-like member names and no line separators).
function receiptText(receipt: unknown): string {
  return typeof receipt === 'string' ? receipt : JSON.stringify(receipt);
}
