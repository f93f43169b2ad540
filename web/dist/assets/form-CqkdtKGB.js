import{a as e,n as t,o as n,r,t as i}from"./chrome-pSehrQuE.js";import{a,c as o,d as s,p as c}from"./i18n-BCMziAL0.js";import"../embed/kexin-form.js";var l=new URLSearchParams(location.search).get(`form`)??`service`;function u(){t(o(`page.form`)),s(c`
    <div class="page">
      <header class="bar">${i(o(`page.form.sub`))}<div class="tools">${e(u)}</div></header>
      <main class="narrow form-page"><kexin-form form=${l}></kexin-form></main>
      ${r()}
    </div>`,document.body)}n(),a(u),u();