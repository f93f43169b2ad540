// The page of the public form. ?form=… chooses another form than the service registration.
import '../style/page.css';
import { html, render } from 'lit';
import { onLanguage, t } from '../i18n/index';
import { applyTheme } from '../lib/theme';
import { brand, documentLanguage, footer, themeButton } from '../lib/chrome';
import './kexin-form';

const form = new URLSearchParams(location.search).get('form') ?? 'service';

function show(): void {
  documentLanguage(t('page.form'));
  render(html`
    <div class="page">
      <header class="bar">${brand(t('page.form.sub'))}<div class="tools">${themeButton(show)}</div></header>
      <main class="narrow form-page"><kexin-form form=${form}></kexin-form></main>
      ${footer()}
    </div>`, document.body);
}

applyTheme();
onLanguage(show);
show();
