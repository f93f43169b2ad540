import{a as e,n as t,o as n,r,s as i,t as a}from"./chrome-CjiIKvP_.js";import{a as o,c as s,d as c,p as l}from"./i18n-Cx9Jbmgq.js";import"../embed/kexin-form.js";var u=new URLSearchParams(location.search).get(`form`)??`service`;function d(){t(s(`page.form`)),c(l`
    <div class="page">
      <header class="bar">${a(s(`page.form.sub`))}<div class="tools">${e(d)}</div></header>
      <main class="narrow form-page"><kexin-form form=${u} theme=${i()??``}></kexin-form></main>
      ${r()}
    </div>`,document.body)}n(),o(d),d();