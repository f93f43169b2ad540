import{a as e,i as t,n,o as r,r as i,t as a}from"./chrome-pSehrQuE.js";import{a as o,c as s,d as c,p as l}from"./i18n-BCMziAL0.js";var u=[`notice`,`sealed`,`reason`,`destroyed`];function d(e,t){return l`<a class="panel door" href=${e}>
    <h2>${s(`landing.${t}`)}</h2><p class="muted">${s(`landing.${t}.text`)}</p>
    <span class="go">${s(`landing.${t}.go`)} →</span></a>`}function f(){n(s(`page.landing`)),c(l`
    <div class="page">
      <header class="bar">${a(s(`page.landing.sub`))}<div class="tools">${t()}${e(f)}</div></header>
      <main class="wide">
        <div class="hero"><span class="stamp" aria-hidden="true">信</span><h1>${s(`landing.title`)}</h1><p>${s(`landing.text`)}</p></div>
        <div class="doors">${d(`/form/`,`form`)}${d(`/console/`,`console`)}</div>
        <div class="promises">${u.map(e=>l`<section>
          <h2>${s(`landing.${e}`)}</h2><p>${s(`landing.${e}.text`)}</p></section>`)}</div>
      </main>
      ${i()}
    </div>`,document.body)}r(),o(f),f();