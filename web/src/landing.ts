// The landing page: where to go, and what is promised.
import './style/page.css';
import { html, render } from 'lit';
import { onLanguage, t, type Key } from './i18n/index';
import { brand, documentLanguage, footer, languageButton, themeButton } from './lib/chrome';
import { applyTheme } from './lib/theme';

const promises = ['notice', 'sealed', 'reason', 'destroyed'] as const;

function door(href: string, name: 'form' | 'console'): unknown {
  return html`<a class="panel door" href=${href}>
    <h2>${t(`landing.${name}` as Key)}</h2><p class="muted">${t(`landing.${name}.text` as Key)}</p>
    <span class="go">${t(`landing.${name}.go` as Key)} →</span></a>`;
}

function show(): void {
  documentLanguage(t('page.landing'));
  render(html`
    <div class="page">
      <header class="bar">${brand(t('page.landing.sub'))}<div class="tools">${languageButton()}${themeButton(show)}</div></header>
      <main class="wide">
        <div class="hero"><span class="stamp" aria-hidden="true">信</span><h1>${t('landing.title')}</h1><p>${t('landing.text')}</p></div>
        <div class="doors">${door('/form/', 'form')}${door('/console/', 'console')}</div>
        <div class="promises">${promises.map((name) => html`<section>
          <h2>${t(`landing.${name}` as Key)}</h2><p>${t(`landing.${name}.text` as Key)}</p></section>`)}</div>
      </main>
      ${footer()}
    </div>`, document.body);
}

applyTheme();
onLanguage(show);
show();
