import{a as e,i as t,n,o as r,s as i,t as a}from"./chrome-CjiIKvP_.js";import{_ as o,a as s,c,d as ee,l as te,n as l,o as u,p as d,r as ne,t as re,u as f}from"./i18n-Cx9Jbmgq.js";import{a as p,c as m,d as h,f as ie,g,h as _,i as ae,l as oe,m as v,n as y,o as se,p as ce,r as le,s as ue,t as b,u as de}from"../embed/kexin-form.js";var fe=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function pe(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return fe(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return fe(n,r,{get(){return a(this)}})}}function me(e){let t=e??{};return{pack:typeof t.pack==`string`?t.pack:String(t.pack?.id??``),purposes:x(t.purposes),fields:x(t.fields).map(e=>({...e,name:e.name??e.id})),reasons:he(t.reasons),departments:he(t.departments),levels:he(t.levels),forms:x(t.forms),channels:x(t.channels)}}function he(e){return x(e).map(e=>({id:String(e.id),title:e.title??e.label??e}))}function x(e){return Array.isArray(e)?e.map(e=>typeof e==`string`?{id:e,title:{zh:e,en:e}}:{...e,id:e.id??e.name??e.level??e.code??e.value}):!e||typeof e!=`object`?[]:Object.entries(e).map(([e,t])=>typeof t==`string`?{id:e,title:{zh:t,en:t}}:{...t,id:e})}function ge(e,t){return t?u(e?.find(e=>e.id===t)?.title)||t:`–`}function S(e,t){return u(e?.fields.find(e=>e.name===t)?.title)||t}function _e(e){let t=new Set(e?.fields.flatMap(e=>e.purposes??[]));return(e?.purposes??[]).filter(({id:e})=>t.size===0||t.has(e))}function ve(e){let t=[...new Set((e?.forms??[]).flatMap(e=>e.fields.map(({name:e})=>e)))].flatMap(t=>e?.fields.filter(e=>e.name===t)??[]);return t.length?t:e?.fields??[]}function ye(e){return[...e?.forms??[]].sort((e,t)=>t.fields.length-e.fields.length)[0]?.purposes.find(e=>e.mandatory)?.id??_e(e)[0]?.id??``}function be(e,t){return u(e?.levels.find(e=>e.id===t)?.title)||l(`level`,t)}var xe=`kexin.token`,Se=class{constructor(){this.token=Ce(),this.ended=!1,this.listeners=new Set,this.api=new de(``,()=>this.token,()=>this.end())}onChange(e){this.listeners.add(e)}async signIn(e){this.token=e.trim(),this.ended=!1;try{this.me=await this.api.get(`/v1/me`),this.policy=me(await this.api.get(`/v1/policy`)),sessionStorage.setItem(xe,this.token)}catch(e){throw this.forget(),this.ended=!1,e}this.tell()}async resume(){this.token&&await this.signIn(this.token)}signOut(){this.forget(),this.ended=!1,this.tell()}end(){this.me&&(this.forget(),this.ended=!0,this.tell())}forget(){this.token=``,this.me=void 0,sessionStorage.clear()}tell(){for(let e of this.listeners)e()}};function Ce(){try{return sessionStorage.getItem(xe)??``}catch{return``}}var C=new Se;function w(e){return d`<span class="badge ${e}" title=${e}>${be(C.policy,e)}</span>`}function we(e){let t={live:`ok`,pending:`warn`,restricted:`info`}[e]??``;return d`<span class="badge ${t}">${l(`state`,e)}</span>`}function T(e){return d`<span class="mono nowrap" title=${e}>${e.length>14?`${e.slice(0,12)}…`:e}</span>`}function Te(e){return e?e.value===void 0?e.masked?d`<span class="masked">${e.masked}<span class="visually-hidden"> ${c(`card.masked`)}</span></span>`:d`<span class="muted">–</span>`:d`<span class="value">${e.value}</span>`:d`<span class="muted">–</span>`}function Ee(e){for(let t of[`name`,`company_name`,`contact_person_name`]){let n=e.fields?.[t];if(n?.masked||n?.value)return n.value??n.masked??``}return c(`card.unnamed`)}function De(e){let t=Object.keys(e.fields??{}).filter(e=>![`name`,`company_name`].includes(e));return d`<ul class="card-fields">${t.map(t=>d`<li><span class="muted">${S(C.policy,t)}</span> ${Te(e.fields[t])}</li>`)}</ul>`}var E=e=>ge(C.policy?.departments,e),D=e=>ge(C.policy?.purposes,e),Oe=e=>e?ge(C.policy?.reasons,e):`–`;function O(e,t){return u(t)||l(`role`,e??``,`–`)}function k(e,t,n=``){return d`${n?d`<option value="" .selected=${t===``}>${n}</option>`:f}
    ${(e??[]).map(({id:e,title:n})=>d`<option value=${e} .selected=${e===t}>${u(n)}</option>`)}`}function ke(e){return e?d`<span class="nowrap">${se(e)}</span>`:d`<span class="badge danger">${c(`staff.none`)}</span>`}var A=class extends te{constructor(){super(),new re(this)}createRenderRoot(){return this}},j=class{constructor(e){this.host=e,this.state=`idle`,this.run=0}get busy(){return this.state===`busy`}async start(e){let t=++this.run;this.state=`busy`,this.problem=void 0,this.host.requestUpdate();try{let n=await e();return t===this.run?(this.value=n,this.state=`done`,n):void 0}catch(e){t===this.run&&(this.problem=e instanceof h?e:new h(`internal`,0,``),this.state=`failed`);return}finally{this.host.requestUpdate()}}clear(){this.run+=1,this.state=`idle`,this.value=void 0,this.problem=void 0,this.host.requestUpdate()}};function M(e,t,n){return e.state===`failed`?d`<div class="panel state" role="alert"><h2>${c(`state.failed`)}</h2>${Ae(e.problem)}
      <button type="button" class="button" @click=${n}>${c(`action.retry`)}</button></div>`:e.value===void 0?d`<p class="panel state" role="status"><span class="spinner"></span> ${c(`state.loading`)}</p>`:t(e.value)}function N(e,t=``){return d`<div class="panel state"><h2>${e}</h2>${t?d`<p>${t}</p>`:f}</div>`}function P(e){return d`<div role="alert">${e?d`<div class="note danger">${Ae(e)}</div>`:f}</div>`}function Ae(e){let t=e.faults.filter(e=>e.field!==``);return d`<p><strong>${e.text}</strong></p>
    ${t.length?d`<ul>${t.map(e=>d`<li><span class="mono">${e.field}</span>${c(`colon`)}${ie(e)}</li>`)}</ul>`:f}
    ${e.request?d`<p class="small muted">${c(`problem.request`,{id:e.request})}</p>`:f}`}var je=()=>{},Me=7e3;function F(e,t=`ok`){je(e,t)}var Ne=class extends A{constructor(...e){super(...e),this.list=[],this.count=0}connectedCallback(){super.connectedCallback(),je=(e,t)=>this.add(e,t)}add(e,t){let n=++this.count;this.list=[...this.list.slice(-3),{id:n,text:e,kind:t}],setTimeout(()=>this.drop(n),Me)}drop(e){this.list=this.list.filter(t=>t.id!==e)}render(){return d`<div class="toasts" role="status" aria-live="polite">${this.list.map(e=>d`
      <div class="toast ${e.kind}"><span>${e.text}</span>
        <button type="button" class="button plain small" aria-label=${c(`action.close`)} @click=${()=>this.drop(e.id)}>×</button></div>`)}</div>`}};b([v()],Ne.prototype,`list`,void 0),Ne=b([g(`kx-toasts`)],Ne);var Pe=[`P1D`,`P7D`,`P30D`,`P1Y`,`P3Y`,`P10Y`],Fe=[`accept-submissions`,`build-export`,`purge-expired`,`seal-audit`,`rotate-keys`],Ie=class extends A{constructor(...e){super(...e),this.clock=new j(this),this.job=new j(this)}connectedCallback(){super.connectedCallback(),this.clock.start(()=>C.api.get(`/dev/clock`))}advance(e){this.clock.start(async()=>{let t=await C.api.post(`/dev/clock`,{advance:e});return F(c(`demo.moved`,{now:p(t.now)})),t})}run(e){this.job.start(async()=>{try{let t=await C.api.post(`/dev/jobs/${e}`,{});F(`${l(`job`,e)}${c(`colon`)}${Le(t)}`),this.dispatchEvent(new CustomEvent(`kexin-job`,{bubbles:!0}))}catch(t){F(`${l(`job`,e)}${c(`colon`)}${t instanceof h?t.text:c(`problem.internal`)}`,`danger`)}})}render(){return this.clock.value?d`<section class="demo no-print" aria-label=${c(`demo.title`)}>
      <strong>${c(`demo.title`)}</strong>
      <span>${c(`demo.clock`)} <time id="demo-clock">${p(this.clock.value.now)}</time></span>
      <div class="row"><label for="demo-step">${c(`demo.advance`)}</label>
        <select id="demo-step">${Pe.map(e=>d`<option value=${e}>${l(`step`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-advance" ?disabled=${this.clock.busy}
          @click=${()=>this.advance(this.chosen(`demo-step`))}>${c(`demo.go`)}</button></div>
      <div class="row"><label for="demo-job">${c(`demo.job`)}</label>
        <select id="demo-job">${Fe.map(e=>d`<option value=${e}>${l(`job`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-run" ?disabled=${this.job.busy}
          @click=${()=>this.run(this.chosen(`demo-job`))}>${c(`demo.run`)}</button></div>
    </section>`:f}chosen(e){return this.querySelector(`#${e}`).value}};Ie=b([g(`kx-demo`)],Ie);function Le(e){if(!e||typeof e!=`object`)return c(`demo.done`);let t=Object.entries(e).filter(([,e])=>[`number`,`string`,`boolean`].includes(typeof e)&&e!==``).map(([e,t])=>`${l(`report`,e)} ${String(t)}`);return t.length?t.join(` · `):c(`demo.done`)}var Re,I=(class extends te{constructor(){super(),this.heading=``,new re(this)}firstUpdated(){this.dialog.showModal?.()}render(){return d`
      <dialog aria-labelledby="heading" @close=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
        <header><h2 id="heading" tabindex="-1" autofocus>${this.heading}</h2>
          <button type="button" id="close" aria-label=${c(`action.close`)} @click=${()=>this.close()}>×</button></header>
        <div class="body"><slot></slot></div>
      </dialog>`}close(){this.dialog.close?.()}static#e=Re=()=>(this.styles=o`
    dialog {
      width: min(100vw - 1.5rem, var(--modal-width, 34rem));
      max-height: calc(100dvh - 2rem);
      padding: 0;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
      color: var(--ink);
      box-shadow: var(--shadow-raised);
      overflow: hidden auto;
    }
    dialog::backdrop { background: rgb(10 18 24 / 55%); }
    header {
      display: flex; gap: 1rem; align-items: center; justify-content: space-between;
      position: sticky; top: 0; z-index: 1;
      padding: 0.9rem 1.3rem; border-bottom: 1px solid var(--line); background: var(--surface);
    }
    h2 { margin: 0; font-size: 1.1rem; font-weight: 650; line-height: 1.35; }
    h2:focus { outline: none; }
    .body { padding: 1.2rem 1.3rem 1.4rem; }
    button {
      display: grid; place-items: center; width: 2.2rem; height: 2.2rem; border: 0; border-radius: 6px;
      background: transparent; color: var(--muted); font-size: 1.4rem; line-height: 1; cursor: pointer;
    }
    button:hover { background: var(--accent-soft); color: var(--ink); }
    button:focus-visible { outline: 3px solid var(--focus); }
  `,this)},Re());b([_()],I.prototype,`heading`,void 0),b([pe(`dialog`)],I.prototype,`dialog`,void 0),I=b([g(`kx-modal`)],I);var ze=[`customers`,`new`,`pending`,`exports`,`approvals`,`staff`,`audit`,`certificates`],Be={R2:[`customers`,`new`],R3:[`customers`,`new`],R4:[`customers`,`new`],R5:[`customers`],R6:[`customers`,`new`,`certificates`],R7:[`customers`,`new`,`pending`,`approvals`,`audit`],R8:[`customers`,`new`,`approvals`,`exports`,`audit`,`certificates`],R9:[`customers`,`exports`],R10:ze,R11:[`approvals`,`audit`,`exports`,`staff`,`certificates`],R12:[`audit`,`exports`,`staff`,`certificates`],R13:[],R19:[`customers`],R21:[`customers`,`new`],R22:[],R23:[]},Ve=e=>Be[e]??ze,He={edit:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`,`R19`,`R21`],withdraw:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`],hold:[`R8`,`R10`],destroy:[`R10`],history:[`R7`,`R8`,`R10`,`R11`,`R12`],order:[`R9`,`R10`],register:[`R10`],revoke:[`R8`,`R9`,`R10`,`R11`,`R12`]},L=(e,t)=>He[t].includes(e??``),Ue=class extends A{constructor(...e){super(...e),this.accounts=new j(this),this.entry=new j(this)}connectedCallback(){super.connectedCallback(),this.accounts.start(async()=>(await C.api.get(`/dev/accounts`)).accounts??[])}enter(e){this.entry.start(async()=>{let{token:t}=await C.api.post(`/dev/token`,{subject:e});await C.signIn(t)})}paste(e){e.preventDefault();let t=new FormData(e.target).get(`token`);typeof t==`string`&&t.trim()&&this.entry.start(()=>C.signIn(t))}render(){let e=this.accounts.value??[];return d`<section class="sign-in stack">
      <div><h1>${c(`sign-in.title`)}</h1><p class="muted">${c(`sign-in.text`)}</p></div>
      ${C.ended?d`<div class="note warn" role="status">${c(`sign-in.ended`)}</div>`:f}
      ${P(this.refusal())}
      ${this.accounts.busy?d`<p class="panel state" role="status"><span class="spinner"></span> ${c(`state.loading`)}</p>`:e.length?this.demo(e):this.token()}
    </section>`}refusal(){return this.entry.problem}demo(e){return d`<div class="panel stack">
      <div class="note warn"><strong>${c(`demo.title`)}</strong> ${c(`sign-in.demo`)}</div>
      <h2>${c(`sign-in.accounts`)}</h2>
      <ul class="accounts">${e.map(e=>d`
        <li><button type="button" data-subject=${e.subject} ?disabled=${this.entry.busy} @click=${()=>this.enter(e.subject)}>
          <strong>${e.name}</strong><small>${O(e.role,e.title)}</small>
          <span class="badge">${e.role}</span></button></li>`)}</ul>
    </div>`}token(){return d`<form class="panel stack" @submit=${e=>this.paste(e)}>
      <p>${c(`sign-in.token.text`)}</p>
      <div class="field"><label for="token">${c(`sign-in.token`)}</label>
        <textarea id="token" name="token" class="mono" autocomplete="off" spellcheck="false" required aria-describedby="token-help"></textarea>
        <span class="help" id="token-help">${c(`sign-in.token.help`)}</span></div>
      <div><button class="button primary" ?disabled=${this.entry.busy}>${c(`sign-in.go`)}</button></div>
    </form>`}};Ue=b([g(`kx-sign-in`)],Ue);var We=class extends A{constructor(...e){super(...e),this.requests=new j(this),this.act=new j(this),this.attempt=new m}connectedCallback(){super.connectedCallback(),this.load()}load(){this.requests.start(async()=>(await C.api.get(`/v1/approvals`)).requests??[])}answer(e,t){this.act.start(async()=>{let n={allow:t},{given:r,needed:i}=await C.api.post(`/v1/approvals/${encodeURIComponent(e.approval)}`,n,{idempotencyKey:this.attempt.keyFor([e.approval,n])});F(t?c(`approvals.allowed`,{given:r,needed:i}):c(`approvals.refused`)),this.load()})}render(){return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.approvals`)}</h1><p>${c(`approvals.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>this.load()}>${c(`action.refresh`)}</button></div></div>
      ${P(this.act.problem)}
      ${M(this.requests,e=>e.length?e.map(e=>this.one(e)):N(c(`approvals.none`),c(`approvals.none.text`)),()=>this.load())}
    </section>`}one(e){let t=e.by===C.me?.staff,n=(e.state??`open`)===`open`,r=(e,t)=>d`<div><dt>${e}</dt><dd>${t}</dd></div>`;return d`<article class="panel stack" data-approval=${e.approval} aria-label=${l(`action`,e.action)}>
      <div class="row between"><h2>${l(`action`,e.action)} ${e.level?w(e.level):f}</h2>
        <span class="badge ${{approved:`ok`,refused:`danger`}[e.state??``]??`warn`}">${l(`approval`,e.state??`open`)} · ${c(`approvals.given`,{given:e.given,needed:e.needed})}</span></div>
      <dl class="facts">
        ${r(c(`approvals.by`),d`${e.name||T(e.by)} ${e.role?d`<span class="muted">${l(`role`,e.role)}</span>`:f}`)}
        ${e.customer?r(c(`card.customer`),T(e.customer)):f}
        ${e.export?r(c(`approvals.export`),T(e.export)):f}
        ${e.purpose?r(c(`record.purpose`),D(e.purpose)):f}
        ${e.reason?r(c(`reason`),Oe(e.reason)):f}
        ${e.fields?.length?r(c(`history.fields`),e.fields.map(e=>S(C.policy,e)).join(c(`comma`))):f}
        ${e.change?r(c(`approvals.change`),d`${e.change.name} · ${O(e.change.role)} (${e.change.role}) · ${E(e.change.department)}
          · ${c(e.change.active?`staff.active`:`staff.inactive`)}`):f}
        ${r(c(`approvals.created`),p(e.created))}
        ${r(c(`approvals.expires`),p(e.expires))}
      </dl>
      ${n?t?d`<p class="note info">${c(`approvals.own`)}</p>`:d`<div class="row">
        <button type="button" class="button primary" data-allow ?disabled=${this.act.busy} @click=${()=>this.answer(e,!0)}>${c(`approvals.allow`)}</button>
        <button type="button" class="button danger" data-deny ?disabled=${this.act.busy} @click=${()=>this.answer(e,!1)}>${c(`approvals.deny`)}</button></div>`:f}
    </article>`}};We=b([g(`kx-approvals`)],We);var R=class extends A{constructor(...e){super(...e),this.customer=``,this.log=!1,this.entries=[],this.page=new j(this)}willUpdate(e){(e.has(`customer`)||e.has(`log`))&&(this.page.clear(),this.load(``))}load(e){this.page.start(async()=>{let t=new URLSearchParams;this.log&&this.customer&&t.set(`customer`,this.customer),e&&t.set(`cursor`,e);let n=this.log?`/v1/audit`:`/v1/customers/${encodeURIComponent(this.customer)}/history`,r=await C.api.get(`${n}${t.size?`?${t}`:``}`);return this.entries=e?[...this.entries,...r.entries??[]]:r.entries??[],r})}render(){return this.page.problem&&this.entries.length?d`${this.table()}${P(this.page.problem)}`:M(this.page,e=>this.entries.length===0?N(c(`history.none`)):d`${this.table()}
      ${e.next?d`<div class="row"><button type="button" class="button" ?disabled=${this.page.busy} @click=${()=>this.load(e.next)}>${c(`pager.more`)}</button></div>`:f}`,()=>this.load(``))}table(){return d`<div class="scroll"><table class="cards"><caption class="visually-hidden">${c(`record.tab.history`)}</caption>
      <thead><tr><th scope="col">${c(`history.at`)}</th><th scope="col">${c(`history.act`)}</th><th scope="col">${c(`history.who`)}</th>
        <th scope="col">${c(`history.why`)}</th><th scope="col">${c(`history.fields`)}</th></tr></thead>
      <tbody>${this.entries.map(e=>d`<tr>
        <td class="nowrap" data-label=${c(`history.at`)}>${p(e.at)}</td>
        <td>${l(`action`,e.action)} <span class="badge ${{allow:`ok`,deny:`danger`}[e.verdict]??`info`}">${l(`verdict`,e.verdict)}</span>
          ${e.code&&e.code!==`allow`?d`<br /><span class="small muted">${l(`denied`,e.code)}</span>`:f}</td>
        <td data-label=${c(`history.who`)}>${e.actor?T(e.actor):`–`}${e.role?d`<br /><span class="small muted">${l(`role`,e.role)}</span>`:f}</td>
        <td data-label=${c(`history.why`)}>${D(e.purpose)}${e.reason?d`<br /><span class="small muted">${Oe(e.reason)}</span>`:f}</td>
        <td data-label=${c(`history.fields`)}>${(e.fields??[]).map(e=>S(C.policy,e)).join(c(`comma`))||`–`}</td></tr>`)}</tbody></table></div>`}};b([_()],R.prototype,`customer`,void 0),b([_({type:Boolean})],R.prototype,`log`,void 0),b([v()],R.prototype,`entries`,void 0),R=b([g(`kx-history`)],R);var Ge=class extends A{constructor(...e){super(...e),this.customer=``}filter(e){e.preventDefault();let t=new FormData(e.target).get(`customer`);location.hash=`#/audit/${encodeURIComponent(String(t??``).trim())}`}render(){return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.audit`)}</h1><p>${c(`audit.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.filter(e)}>
        <div class="field"><label for="audit-customer">${c(`audit.customer`)}</label>
          <input id="audit-customer" name="customer" class="mono" autocomplete="off" spellcheck="false" placeholder="cus_…" required .value=${this.customer} /></div>
        <button class="button">${c(`audit.show`)}</button>
      </form>
      ${this.customer?d`<kx-history log .customer=${this.customer}></kx-history>`:N(c(`audit.none`),c(`audit.none.text`))}
    </section>`}};b([_()],Ge.prototype,`customer`,void 0),Ge=b([g(`kx-audit`)],Ge);var Ke=`kexin.destroyed`;function qe(){return(sessionStorage.getItem(Ke)??``).split(` `).filter(Boolean)}function Je(e){sessionStorage.setItem(Ke,[e,...qe().filter(t=>t!==e)].slice(0,20).join(` `))}var z=class extends A{constructor(...e){super(...e),this.customer=``,this.wanted=``,this.certificate=new j(this)}willUpdate(e){e.has(`customer`)&&this.customer&&this.load(this.customer)}ask(e){e.preventDefault();let t=String(new FormData(e.target).get(`customer`)??``).trim();t&&this.load(t)}load(e){this.wanted=e,this.certificate.start(async()=>{let{text:t,data:n}=await C.api.ask(`/v1/customers/${encodeURIComponent(e)}/certificate`);return{text:t,facts:n?.facts??{}}})}async keys(){y(`keys.json`,(await C.api.ask(`/v1/keys`)).text.trimEnd(),`application/json`)}render(){let e=qe();return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.certificates`)}</h1><p>${c(`certificate.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.ask(e)}>
        <div class="field"><label for="certificate-customer">${c(`audit.customer`)}</label>
          <input id="certificate-customer" name="customer" class="mono" required autocomplete="off" spellcheck="false" placeholder="cus_…" .value=${this.wanted||this.customer} /></div>
        <button class="button primary" id="certificate-go" ?disabled=${this.certificate.busy}>${c(`certificate.go`)}</button>
      </form>
      ${e.length?d`<p class="row"><span class="muted">${c(`certificate.recent`)}</span>${e.map(e=>d`
        <button type="button" class="button small" @click=${()=>this.load(e)}>${T(e)}</button>`)}</p>`:f}
      ${this.certificate.busy?d`<p class="panel state" role="status"><span class="spinner"></span> ${c(`state.loading`)}</p>`:f}
      ${P(this.certificate.problem)}
      ${this.certificate.state===`done`?this.found(this.certificate.value):f}
    </section>`}found({text:e,facts:t}){let n=`certificate-${this.wanted}.json`,r=(e,t)=>d`<div><dt>${e}</dt><dd>${t}</dd></div>`;return d`<div class="panel stack" id="certificate" role="status">
      <h2>${c(`certificate.title`)}</h2>
      <dl class="facts">
        ${r(c(`card.customer`),d`<span class="mono">${this.wanted}</span>`)}
        ${r(c(`certificate.recorded`),p(t.recorded))}
        ${r(c(`certificate.irrecoverable`),p(t.irrecoverable))}
        ${r(c(`certificate.sections`),String(t.sections?.length??0))}
      </dl>
      <div class="row"><button type="button" class="button primary" id="certificate-save" @click=${()=>y(n,e.trimEnd(),`application/json`)}>${c(`certificate.save`)}</button>
        <button type="button" class="button" @click=${()=>void this.keys()}>${c(`received.keys.save`)}</button></div>
      <p class="help">${c(`certificate.verify`)} <code class="mono">kexin verify ${n} --keys keys.json</code></p></div>`}};b([_()],z.prototype,`customer`,void 0),b([v()],z.prototype,`wanted`,void 0),z=b([g(`kx-certificates`)],z);var Ye=20,B=class extends A{constructor(...e){super(...e),this.department=C.me?.department??``,this.mine=!1,this.trail=[``],this.field=``,this.kind=``,this.list=new j(this),this.search=new j(this)}connectedCallback(){super.connectedCallback(),C.policy?.departments.some(({id:e})=>e===this.department)||(this.department=C.policy?.departments[0]?.id??``),this.chooseField(this.searchable()[0]?.name??``),this.load()}load(){let e=new URLSearchParams({department:this.department,limit:String(Ye)});this.mine&&C.me&&e.set(`owner`,C.me.staff);let t=this.trail.at(-1);t&&e.set(`cursor`,t),this.list.start(()=>C.api.get(`/v1/customers?${e}`))}turn(e){this.trail=e,this.load()}searchable(){return ve(C.policy).filter(e=>Xe(e).length>0)}chooseField(e){this.field=e,this.kind=Xe(this.searchable().find(t=>t.name===e))[0]??``}find(e){e.preventDefault();let t=new FormData(e.target).get(`text`);typeof t==`string`&&t.trim()&&this.search.start(async()=>{let e={field:this.field,kind:this.kind,text:t.trim()};return(await C.api.post(`/v1/customers/search`,e)).customers??[]})}render(){return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.customers`)}</h1><p>${c(`customers.text`)}</p></div></div>
      ${this.searchPanel()}
      ${this.search.state===`idle`?this.listPanel():this.found()}
    </section>`}searchPanel(){let e=this.searchable(),t=Xe(e.find(e=>e.name===this.field));return d`<form class="panel stack" id="search" role="search" @submit=${e=>this.find(e)}>
      <h2>${c(`search.title`)}</h2>
      <div class="filters">
        <div class="field"><label for="search-field">${c(`search.field`)}</label>
          <select id="search-field" @change=${e=>this.chooseField(e.target.value)}>
            ${e.map(e=>d`<option value=${e.name} .selected=${e.name===this.field}>${S(C.policy,e.name)}</option>`)}</select></div>
        <div class="field"><label for="search-kind">${c(`search.kind`)}</label>
          <select id="search-kind" @change=${e=>{this.kind=e.target.value}}>
            ${t.map(e=>d`<option value=${e} .selected=${e===this.kind}>${l(`search.kind`,e)}</option>`)}</select></div>
        <div class="field"><label for="search-text">${c(`search.text`)}</label>
          <input id="search-text" name="text" autocomplete="off" spellcheck="false" required aria-describedby="search-hint" /></div>
        <button class="button primary" ?disabled=${this.search.busy}>${c(`search.go`)}</button>
      </div>
      <p class="help" id="search-hint">${this.kind?c(`search.hint.${this.kind}`):f} ${c(`search.private`)}</p>
    </form>`}found(){return d`<div class="row between"><h2>${c(`search.result`)}</h2>
        <button type="button" class="button" @click=${()=>this.search.clear()}>${c(`search.back`)}</button></div>
      ${this.search.problem?P(this.search.problem):M(this.search,e=>e.length?Ze(e):N(c(`search.none`),c(`search.none.text`)),()=>{})}`}listPanel(){return d`<div class="panel filters">
        <div class="field"><label for="department">${c(`customers.department`)}</label>
          <select id="department" @change=${e=>{this.department=e.target.value,this.turn([``])}}>
            ${k(C.policy?.departments,this.department)}</select></div>
        <label class="choice" for="mine"><input type="checkbox" id="mine" .checked=${this.mine}
          @change=${e=>{this.mine=e.target.checked,this.turn([``])}} /><span>${c(`customers.mine`)}</span></label>
      </div>
      ${M(this.list,e=>d`
        ${e.customers?.length?Ze(e.customers):N(c(`customers.none`),c(`customers.none.text`))}
        ${this.pager(e)}`,()=>this.load())}`}pager(e){return d`<nav class="row between" aria-label=${c(`pager`)}>
      <button type="button" class="button" ?disabled=${this.trail.length<2||this.list.busy} @click=${()=>this.turn(this.trail.slice(0,-1))}>← ${c(`pager.previous`)}</button>
      <span class="muted">${c(`pager.page`,{n:this.trail.length})}</span>
      <button type="button" class="button" ?disabled=${!e.next||this.list.busy} @click=${()=>this.turn([...this.trail,e.next])}>${c(`pager.next`)} →</button>
    </nav>`}};b([v()],B.prototype,`department`,void 0),b([v()],B.prototype,`mine`,void 0),b([v()],B.prototype,`trail`,void 0),b([v()],B.prototype,`field`,void 0),b([v()],B.prototype,`kind`,void 0),B=b([g(`kx-customers`)],B);function Xe(e){return[...e?.unique?[`identifier`]:[],...(e?.search??[]).filter(e=>e!==`identifier`)]}function Ze(e){return d`<div class="scroll"><table class="cards"><caption class="visually-hidden">${c(`nav.customers`)}</caption>
    <thead><tr><th scope="col">${c(`card.customer`)}</th><th scope="col">${c(`card.data`)}</th><th scope="col">${c(`card.kind`)}</th>
      <th scope="col">${c(`card.department`)}</th><th scope="col">${c(`card.state`)}</th></tr></thead>
    <tbody>${e.map(e=>d`<tr>
      <th scope="row"><a href="#/customers/${e.customer}">${Ee(e)}</a><br />${T(e.customer)}</th>
      <td>${De(e)}</td>
      <td data-label=${c(`card.kind`)}>${l(`kind`,e.kind)}</td>
      <td data-label=${c(`card.department`)}>${E(e.department)}</td>
      <td data-label=${c(`card.state`)}>${we(e.state)}</td></tr>`)}</tbody></table></div>`}var Qe=[`individual`,`enterprise`,`sole_trader`,`public_institution`],$e=class extends A{constructor(...e){super(...e),this.order={purpose:``,reason:``,fields:[],kinds:[...Qe],department:C.me?.department??``,format:`csv`,language:ne()},this.preview=new j(this),this.request=new j(this),this.attempt=new m}set(e){this.order={...this.order,...e},this.preview.clear()}exportable(){return ve(C.policy).filter(e=>e.export&&(!e.purposes?.length||e.purposes.includes(this.order.purpose))).map(e=>e.name)}complete(){return!!this.order.purpose&&!!this.order.reason&&this.order.fields.length>0&&this.order.kinds.length>0}look(){this.preview.start(()=>C.api.post(`/v1/exports/preview`,this.order))}send(e){e.preventDefault(),this.request.start(async()=>{let e=await C.api.post(`/v1/exports`,this.order,{idempotencyKey:this.attempt.keyFor(this.order)});return this.attempt.done(),F(e.approval?c(`order.waits`,{approval:e.approval}):c(`order.sent`)),this.dispatchEvent(new CustomEvent(`changed`)),this.dispatchEvent(new CustomEvent(`closed`)),e})}render(){return d`<kx-modal heading=${c(`exports.order`)} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <form class="stack" @submit=${e=>this.send(e)}>
        ${P(this.request.problem??this.preview.problem)}
        ${this.why()}
        ${this.what()}
        <div class="split">
          <div class="field"><label for="order-format">${c(`order.format`)}</label><select id="order-format" @change=${e=>this.set({format:e.target.value})}>
            ${[`csv`,`ndjson`].map(e=>d`<option value=${e} .selected=${e===this.order.format}>${l(`format`,e)}</option>`)}</select></div>
          <div class="field"><label for="order-language">${c(`order.language`)}</label><select id="order-language" @change=${e=>this.set({language:e.target.value})}>
            <option value="zh" .selected=${this.order.language===`zh`}>中文</option><option value="en" .selected=${this.order.language===`en`}>English</option></select></div>
        </div>
        <div aria-live="polite">${this.preview.value?d`<div class="note info" id="order-preview">${c(`order.preview.result`,{approvals:this.preview.value.approvals})}
          ${this.preview.value.level?w(this.preview.value.level):f}</div>`:f}</div>
        <div class="row end"><button type="button" class="button" id="order-look" ?disabled=${!this.complete()||this.preview.busy} @click=${()=>this.look()}>${c(`order.preview`)}</button>
          <button class="button primary" id="order-send" ?disabled=${!this.complete()||this.request.busy}>${c(`order.send`)}</button></div>
      </form></kx-modal>`}why(){let e=C.policy;return d`<div class="split">
      <div class="field"><label for="order-purpose">${c(`record.purpose`)}</label><select id="order-purpose" required
        @change=${e=>this.set({purpose:e.target.value,fields:[]})}>${k(_e(e),this.order.purpose,c(`form.choose`))}</select></div>
      <div class="field"><label for="order-reason">${c(`reason`)}</label><select id="order-reason" required
        @change=${e=>this.set({reason:e.target.value})}>${k(e?.reasons,this.order.reason,c(`form.choose`))}</select></div>
      <div class="field"><label for="order-department">${c(`card.department`)}</label><select id="order-department"
        @change=${e=>this.set({department:e.target.value})}>${k(e?.departments,this.order.department)}</select></div>
    </div>`}what(){let e=(e,t,n)=>n?[...e,t]:e.filter(e=>e!==t),t=this.exportable();return d`
      <fieldset class="checks"><legend>${c(`order.fields`)}</legend>
        ${this.order.purpose?t.map(t=>d`<label class="choice"><input type="checkbox" value=${t} data-field=${t} .checked=${this.order.fields.includes(t)}
          @change=${n=>this.set({fields:e(this.order.fields,t,n.target.checked)})} />
          <span>${S(C.policy,t)} ${w(this.levelOf(t))}</span></label>`):d`<p class="muted">${c(`order.fields.first`)}</p>`}</fieldset>
      <fieldset class="checks"><legend>${c(`order.kinds`)}</legend>
        ${Qe.map(t=>d`<label class="choice"><input type="checkbox" .checked=${this.order.kinds.includes(t)}
          @change=${n=>this.set({kinds:e(this.order.kinds,t,n.target.checked)})} /><span>${l(`kind`,t)}</span></label>`)}</fieldset>`}levelOf(e){return C.policy?.fields.find(t=>t.name===e)?.level??`L1`}};b([v()],$e.prototype,`order`,void 0),$e=b([g(`kx-order`)],$e);var V=84,et=16,tt=32,nt=2**32,rt=`kxk1_`,it=/^(dep|exp)_[a-z2-7]{25}[aeimquy4]$/,at=4<<20,H=class extends Error{constructor(e,t){super(t),this.name=`ArchiveError`,this.code=e}};function ot(e){let t=String(e).trim(),n=t.slice(5);if(!t.startsWith(rt)||!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(n))throw new H(`key`,`not an archive key`);let r=atob(n.replaceAll(`-`,`+`).replaceAll(`_`,`/`)+`=`);return Uint8Array.from(r,e=>e.charCodeAt(0))}function st(e){let t=(t,n)=>String.fromCharCode(...e.subarray(t,n));if(e.length<V||t(0,4)!==`KXA1`)throw new H(`format`,`not an archive`);let[n,r,i,a]=e.subarray(4,8),o={deployment:t(24,54),export:t(54,V),chunkSize:2**i,fileId:e.slice(8,24)},s=it.test(o.deployment)&&o.deployment.startsWith(`dep_`)&&it.test(o.export)&&o.export.startsWith(`exp_`);if(n!==1||r!==1||a!==0||i<12||i>20||!s)throw new H(`format`,`archive of an unknown version`);return o}async function ct(e,t,n=()=>{}){let r=[],i=[],a=0,o=0;for await(let s of lt(e,t))i.push(s),a+=s.length,o+=s.length,a>=at&&(r.push(new Blob(i)),i=[],a=0),n(o);return new Blob([...r,...i],{type:`application/zip`})}async function*lt(e,t){let n=new mt(e);try{let{chunk:e,size:r}=await dt(n,typeof t==`string`?ot(t):t),i=await n.take(r+et);for(let t=0;i.length>0||t===0;t+=1){let a=await n.take(r+et),o=a.length===0;if(t===nt||i.length<et||i.length===et&&t>0)throw new H(`truncated`,`chunk ${t} is cut off`);yield await ut(e,i,t,o),i=a}}finally{await n.cancel()}}async function ut(e,t,n,r){let i=await e(t,n,r);if(i)return i;throw await e(t,n,!r)?r?new H(`truncated`,`chunks after chunk ${n} are missing`):new H(`altered`,`bytes follow the last chunk ${n}`):new H(`altered`,`chunk ${n} was altered, moved or cut off`)}async function dt(e,t){let n=await e.take(100);if(n.length<100&&n.length>=4&&String.fromCharCode(...n.subarray(0,4))===`KXA1`)throw new H(`truncated`,`the header is cut off`);let r=st(n);if(!(t instanceof Uint8Array)||t.length!==tt)throw new H(`key`,`not an archive key`);let i=n.slice(0,V),{subtle:a}=globalThis.crypto,o=await a.importKey(`raw`,t,`HKDF`,!1,[`deriveBits`]),s=new Uint8Array(await a.deriveBits({name:`HKDF`,hash:`SHA-256`,salt:r.fileId,info:i},o,440));if(!pt(s.subarray(39),n.subarray(V)))throw new H(`key`,`wrong key, or the header was altered`);let c=await a.importKey(`raw`,s.subarray(0,tt),`AES-GCM`,!1,[`decrypt`]),ee=new Uint8Array(await a.digest(`SHA-256`,i)),te=s.slice(32,39);return{size:r.chunkSize,chunk:ft(c,ee,te)}}function ft(e,t,n){return async(r,i,a)=>{let o=new Uint8Array(12);o.set(n),new DataView(o.buffer).setUint32(7,i),o[11]=+!!a;try{let n=await globalThis.crypto.subtle.decrypt({name:`AES-GCM`,iv:o,additionalData:t,tagLength:128},e,r);return new Uint8Array(n)}catch{return null}}}function pt(e,t){let n=e.length^t.length;for(let r=0;r<e.length;r+=1)n|=e[r]^t[r];return n===0}var mt=class{constructor(e){let t=e instanceof ReadableStream?e:new Blob([e]).stream();this.reader=t.getReader(),this.held=new Uint8Array}async take(e){let t=new Uint8Array(e),n=0;for(;n<e;){if(this.held.length===0){let{done:e,value:t}=await this.reader.read();if(e)break;this.held=t}let r=this.held.subarray(0,e-n);t.set(r,n),n+=r.length,this.held=this.held.subarray(r.length)}return t.subarray(0,n)}async cancel(){await this.reader.cancel().catch(()=>{})}},ht=new Set([`localhost`,`127.0.0.1`,`[::1]`]);function gt(e,t=location){let n=new URL(e,t.href);return ht.has(n.hostname)&&ht.has(t.hostname)&&n.port===t.port?n.pathname+n.search:n.href}var U=class extends A{constructor(...e){super(...e),this.export=``,this.again=!1,this.key=``,this.bytes=0,this.saved=!1,this.release=new j(this),this.opening=new j(this),this.link=``,this.once=oe()}disconnectedCallback(){super.disconnectedCallback(),this.key=``,this.zip=void 0,this.sealed=void 0}take(){this.release.start(async()=>{if(!this.key){let e=await C.api.post(`/v1/exports/${encodeURIComponent(this.export)}/release`,{},{idempotencyKey:this.once});this.key=e.key,this.link=e.link}this.sealed=await this.fetchSealed(),this.open()})}async fetchSealed(){let e=`/v1/exports/${encodeURIComponent(this.export)}/file`;this.link||=(await C.api.get(e)).link;let t=await fetch(gt(this.link),{credentials:`omit`,cache:`no-store`}).catch(()=>{throw ce()});if(!t.ok)throw this.link=``,new h(`link`,t.status,c(`release.link`));return t.blob()}open(){let e=this.sealed;e&&(this.zip=void 0,this.opening.start(async()=>{try{this.zip=await ct(e,this.key,e=>{this.bytes=e})}catch(e){throw e instanceof H?new h(`archive-${e.code}`,0,``):e}}))}async openFiles(e){e.preventDefault();let t=new FormData(e.target),n=t.get(`archive`),r=t.get(`key-file`);r instanceof File&&(this.key=(await r.text()).trim(),this.release.start(async()=>{this.sealed=n instanceof File?n:await this.fetchSealed(),this.open()}))}render(){let e=this.export?c(`release.title`):c(`open.title`);return d`<kx-modal heading=${e} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <div class="stack">
        ${P(this.release.problem??this.opening.problem)}
        ${this.zip?this.opened(this.zip):this.opening.busy?this.progress():this.export&&!this.again?this.start():this.files()}
        ${this.key&&this.export&&!this.again?this.keyBox():f}
      </div></kx-modal>`}start(){return d`<p class="note warn">${c(`release.text`)}</p>
      <ol class="steps"><li>${c(`release.step.key`)}</li><li>${c(`release.step.file`)}</li><li>${c(`release.step.open`)}</li></ol>
      <div class="row end"><button type="button" class="button primary" id="release-go" ?disabled=${this.release.busy} @click=${()=>this.take()}>
        ${this.release.busy?d`<span class="spinner"></span>`:f}${c(this.key?`action.retry`:`release.go`)}</button></div>`}files(){return d`<form class="stack" @submit=${e=>void this.openFiles(e)}>
      <p>${c(this.again?`open.text.again`:`open.text`)}</p>
      ${this.again?f:d`<div class="field"><label for="open-archive">${c(`open.archive`)}</label><input id="open-archive" name="archive" type="file" accept=".kxa" required /></div>`}
      <div class="field"><label for="open-key">${c(`open.key`)}</label><input id="open-key" name="key-file" type="file" required /></div>
      <div class="row end"><button class="button primary">${c(`open.go`)}</button></div></form>`}progress(){let e=this.sealed?.size||1;return d`<p role="status"><span class="spinner"></span> ${c(`release.opening`)}</p>
      <progress max=${e} value=${this.bytes} aria-label=${c(`release.opening`)}></progress>`}opened(e){let t=this.export||`export`;return d`<div class="note ok" role="status" id="release-opened"><p><strong>${c(`release.opened`)}</strong></p>
        <p>${c(`release.opened.text`,{kb:Math.max(1,Math.round(e.size/1024))})}</p></div>
      <div class="row"><button type="button" class="button primary" id="release-zip" data-bytes=${e.size} @click=${()=>y(`${t}.zip`,e)}>${c(`release.save.zip`)}</button>
        ${this.export&&this.sealed?d`<button type="button" class="button" id="release-sealed" @click=${()=>y(`${t}.kxa`,this.sealed)}>${c(`release.save.sealed`)}</button>`:f}</div>
      <p class="help">${c(`release.verify`)} <code class="mono">kexin verify ${t}.zip --keys keys.json</code></p>`}keyBox(){return d`<div class="note info stack tight"><h3>${c(`release.key`)}</h3><p>${c(`release.key.text`)}</p>
      <div class="row"><button type="button" class="button small" id="release-key" @click=${()=>{y(`${this.export}.key`,`${this.key}\n`,`text/plain`),this.saved=!0}}>${c(`release.key.save`)}</button>
        ${this.saved?d`<span class="badge ok">${c(`release.key.saved`)}</span>`:f}</div>
      <p class="help"><code class="mono">kexin open ${this.export}.kxa --key-file ${this.export}.key</code></p></div>`}};b([_()],U.prototype,`export`,void 0),b([_({type:Boolean})],U.prototype,`again`,void 0),b([v()],U.prototype,`sealed`,void 0),b([v()],U.prototype,`key`,void 0),b([v()],U.prototype,`zip`,void 0),b([v()],U.prototype,`bytes`,void 0),b([v()],U.prototype,`saved`,void 0),U=b([g(`kx-release`)],U);var W=class extends A{constructor(...e){super(...e),this.ordering=!1,this.releasing=``,this.opening=!1,this.again=!1,this.list=new j(this),this.act=new j(this),this.attempt=new m,this.load=()=>{this.list.start(async()=>(await C.api.get(`/v1/exports`)).exports??[])}}connectedCallback(){super.connectedCallback(),this.load(),addEventListener(`kexin-job`,this.load)}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`kexin-job`,this.load)}revoke(e){this.act.start(async()=>{await C.api.post(`/v1/exports/${encodeURIComponent(e)}/revocations`,{},{idempotencyKey:this.attempt.keyFor([`revoke`,e])}),F(c(`exports.revoked`)),this.load()})}render(){return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.exports`)}</h1><p>${c(`exports.text`)}</p></div>
        <div class="row"><button type="button" class="button" id="export-refresh" @click=${this.load}>${c(`action.refresh`)}</button>
          <button type="button" class="button" id="export-open-file" @click=${()=>{this.opening=!0}}>${c(`open.title`)}</button>
          ${L(C.me?.role,`order`)?d`<button type="button" class="button primary" id="export-order" @click=${()=>{this.ordering=!0}}>${c(`exports.order`)}</button>`:f}</div></div>
      ${P(this.act.problem)}
      ${M(this.list,e=>e.length?this.table(e):N(c(`exports.none`),c(`exports.none.text`)),this.load)}
      ${this.ordering?d`<kx-order @closed=${()=>{this.ordering=!1}} @changed=${this.load}></kx-order>`:f}
      ${this.releasing||this.opening?d`<kx-release .export=${this.releasing} .again=${this.again} @closed=${()=>{this.releasing=``,this.opening=!1,this.again=!1,this.load()}}></kx-release>`:f}
    </section>`}table(e){return d`<div class="scroll"><table class="cards"><caption class="visually-hidden">${c(`nav.exports`)}</caption>
      <thead><tr><th scope="col">${c(`exports.export`)}</th><th scope="col">${c(`exports.why`)}</th><th scope="col">${c(`history.fields`)}</th>
        <th scope="col">${c(`exports.rows`)}</th><th scope="col">${c(`exports.state`)}</th><th scope="col"><span class="visually-hidden">${c(`record.acts`)}</span></th></tr></thead>
      <tbody>${e.map(e=>this.row(e))}</tbody></table></div>`}row(e){let t=e.state===`requested`,n=e.state===`ready`,r=e.state===`released`,i=[`revoked`,`expired`,`void`,`refused`,`failed`].includes(e.state),a=n||r?`ok`:i?``:`warn`;return d`<tr data-export=${e.export} data-state=${e.state}>
      <th scope="row">${T(e.export)}<br /><span class="small muted">${p(e.created)}</span></th>
      <td data-label=${c(`exports.why`)}>${D(e.purpose)}<br /><span class="small muted">${Oe(e.reason)}</span></td>
      <td data-label=${c(`history.fields`)}>${(e.fields??[]).map(e=>S(C.policy,e)).join(c(`comma`))}</td>
      <td data-label=${c(`exports.rows`)}>${n||r?e.rows:`–`}</td>
      <td data-label=${c(`exports.state`)}><span class="badge ${a}">${l(`export`,e.state)}</span>
        ${t&&e.approval?d`<br /><span class="small muted">${c(`exports.waits`)} ${T(e.approval)}</span>`:f}
        ${e.expires&&(n||r)?d`<br /><span class="small muted">${c(`exports.until`,{at:p(e.expires)})}</span>`:f}</td>
      <td><div class="row">
        ${n?d`<button type="button" class="button primary small" data-release @click=${()=>{this.releasing=e.export}}>${c(`release.open`)}</button>`:f}
        ${r?d`<button type="button" class="button small" data-again @click=${()=>{this.releasing=e.export,this.again=!0}}>${c(`release.again`)}</button>`:f}
        ${!i&&L(C.me?.role,`revoke`)?d`<button type="button" class="button danger small" data-revoke ?disabled=${this.act.busy} @click=${()=>this.revoke(e.export)}>${c(`exports.revoke`)}</button>`:f}
      </div></td></tr>`}};b([v()],W.prototype,`ordering`,void 0),b([v()],W.prototype,`releasing`,void 0),b([v()],W.prototype,`opening`,void 0),b([v()],W.prototype,`again`,void 0),W=b([g(`kx-exports`)],W);var G=class extends A{constructor(...e){super(...e),this.form=C.policy?.forms[0]?.id??`service`,this.read=!1,this.script=``,this.customer=``,this.details=new j(this),this.send=async(e,t)=>{if(!this.read||!this.script.trim())throw new h(`invalid-field`,422,``,[{field:`evidence.script`,code:`evidence-required`,message:``}]);let n={form:this.form,...e,evidence:{script:this.script.trim()}},r=await C.api.post(`/v1/customers`,n,{idempotencyKey:t});return this.customer=r.customer,this.read=!1,{submission:r.customer,received:``,refused:r.refused}}}connectedCallback(){super.connectedCallback(),this.choose(this.form)}choose(e){this.form=e,this.read=!1,this.customer=``,this.details.start(async()=>{let t=await C.api.get(`/v1/forms/${encodeURIComponent(e)}`);return this.script=t.notice.script??``,t})}render(){let e=C.policy?.forms??[];return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.new`)}</h1><p>${c(`new.text`)}</p></div></div>
      ${e.length>1?d`<div class="panel filters"><div class="field"><label for="new-form">${c(`new.form`)}</label>
        <select id="new-form" @change=${e=>this.choose(e.target.value)}>${k(e,this.form)}</select></div></div>`:f}
      <kexin-form staff form=${this.form} theme=${i()??``} .sender=${this.send}>
        <div slot="evidence" class="stack tight evidence">
          <label class="choice" for="script-read"><input type="checkbox" id="script-read" .checked=${this.read}
            @change=${e=>{this.read=e.target.checked}} /><span>${c(`new.read`)}</span></label>
          <div class="field"><label for="script">${c(`new.script`)}</label>
            <input id="script" class="mono" autocomplete="off" spellcheck="false" .value=${this.script}
              @input=${e=>{this.script=e.target.value}} aria-describedby="script-help" />
            <span class="help" id="script-help">${c(`new.script.help`)}</span></div>
        </div>
        ${this.customer?d`<a slot="after" class="button primary" href="#/customers/${this.customer}">${c(`new.open`)}</a>`:f}
      </kexin-form>
    </section>`}};b([v()],G.prototype,`form`,void 0),b([v()],G.prototype,`read`,void 0),b([v()],G.prototype,`script`,void 0),b([v()],G.prototype,`customer`,void 0),G=b([g(`kx-new`)],G);var K=class extends A{constructor(...e){super(...e),this.list=[],this.into={},this.refusing=``,this.reason=``,this.page=new j(this),this.act=new j(this),this.attempt=new m}connectedCallback(){super.connectedCallback(),this.load(``)}load(e){this.page.start(async()=>{let t=await C.api.get(`/v1/pending${e?`?cursor=${encodeURIComponent(e)}`:``}`);return this.list=e?[...this.list,...t.pending??[]]:t.pending??[],t})}send(e,t,n,r){let i=e.card.customer;this.act.start(async()=>{await C.api.post(`/v1/pending/${encodeURIComponent(i)}/${t}`,n,{idempotencyKey:this.attempt.keyFor([i,t,n])}),F(r),this.list=this.list.filter(t=>t!==e),this.refusing=``})}chosen(e){return this.into[e.card.customer]??e.matches?.[0]?.customer??``}render(){return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.pending`)}</h1><p>${c(`pending.text`)}</p></div></div>
      ${P(this.act.problem)}
      ${M(this.page,e=>d`
        ${this.list.length===0?N(c(`pending.none`),c(`pending.none.text`)):this.list.map(e=>this.one(e))}
        ${e.next?d`<button type="button" class="button" @click=${()=>this.load(e.next)}>${c(`pager.more`)}</button>`:f}`,()=>this.load(``))}
    </section>`}one(e){let t=e.card.customer,n=e.matches??[],r=n.find(t=>t.customer===this.chosen(e));return d`<article class="panel stack" data-pending=${t} aria-label="${c(`pending.new`)} ${Ee(e.card)}">
      <p class="row"><span class="badge">${l(`channel`,e.channel??``,``)}</span>
        <span class="muted">${c(`pending.received`,{at:p(e.received)})} · ${c(`pending.until`,{day:se(e.deadline)})}</span></p>
      ${n.length>1?d`<div class="field"><label for="into-${t}">${c(`pending.choose`)}</label>
        <select id="into-${t}" @change=${e=>{this.into={...this.into,[t]:e.target.value}}}>
          ${n.map(e=>d`<option value=${e.customer} .selected=${e.customer===r?.customer}>${Ee(e)} ${e.customer}</option>`)}</select></div>`:f}
      ${_t(e.card,r)}
      ${this.refusing===t?this.refusal(e):d`<div class="row">
        <button type="button" class="button primary" data-merge ?disabled=${!r||this.act.busy}
          @click=${()=>this.send(e,`merge`,{into:r.customer,version:e.version},c(`pending.merged`))}>${c(`pending.merge`)}</button>
        <button type="button" class="button danger" data-refuse ?disabled=${this.act.busy} @click=${()=>{this.refusing=t,this.reason=``}}>${c(`pending.refuse`)}</button></div>`}
    </article>`}refusal(e){return d`<div class="stack"><div class="field"><label for="refuse-reason">${c(`reason`)}</label>
        <select id="refuse-reason" @change=${e=>{this.reason=e.target.value}}>
          ${k(C.policy?.reasons,this.reason,c(`form.choose`))}</select></div>
      <p class="help">${c(`pending.refuse.text`)}</p>
      <div class="row"><button type="button" class="button" @click=${()=>{this.refusing=``}}>${c(`action.cancel`)}</button>
        <button type="button" class="button danger" ?disabled=${!this.reason||this.act.busy}
          @click=${()=>this.send(e,`refuse`,{reason:this.reason},c(`pending.refused`))}>${c(`pending.refuse`)}</button></div></div>`}};b([v()],K.prototype,`list`,void 0),b([v()],K.prototype,`into`,void 0),b([v()],K.prototype,`refusing`,void 0),b([v()],K.prototype,`reason`,void 0),K=b([g(`kx-pending`)],K);function _t(e,t){let n=[...new Set([...Object.keys(e.fields??{}),...Object.keys(t?.fields??{})])],r=(e,t)=>e?.fields?.[t]?.value??e?.fields?.[t]?.masked;return d`<div class="scroll"><table><caption class="visually-hidden">${c(`pending.compare`)}</caption>
    <thead><tr><th scope="col">${c(`record.field`)}</th><th scope="col">${c(`pending.new`)}</th><th scope="col">${c(`pending.known`)}</th></tr></thead>
    <tbody>
      <tr><th scope="row">${c(`card.customer`)}</th><td>${T(e.customer)} ${we(e.state)}</td>
        <td>${t?d`<a href="#/customers/${t.customer}">${T(t.customer)}</a> ${we(t.state)}`:`–`}</td></tr>
      <tr><th scope="row">${c(`card.kind`)}</th><td>${l(`kind`,e.kind)}</td><td>${t?l(`kind`,t.kind):`–`}</td></tr>
      <tr><th scope="row">${c(`card.department`)}</th><td>${E(e.department)}</td><td>${E(t?.department)}</td></tr>
      ${n.map(n=>{let i=r(e,n)!==void 0&&r(e,n)===r(t,n);return d`<tr><th scope="row">${S(C.policy,n)} ${w((e.fields[n]??t?.fields[n]).level)}</th>
          <td>${Te(e.fields[n])}</td><td>${Te(t?.fields[n])} ${i?d`<span class="badge ok">${c(`pending.same`)}</span>`:f}</td></tr>`})}
    </tbody></table></div>`}var q=class extends A{constructor(...e){super(...e),this.act=new j(this),this.attempt=new m}change(e,t,n,r){let{customer:i,version:a}=this.record;this.act.start(async()=>{await C.api.ask(`/v1/customers/${encodeURIComponent(i)}${t}`,{method:e,body:n,ifMatch:a,idempotencyKey:e===`POST`?this.attempt.keyFor([t,a,n]):void 0}),this.attempt.done(),F(r),this.tell(`changed`),this.tell(`closed`)})}tell(e){this.dispatchEvent(new CustomEvent(e))}trouble(){return this.act.problem?.kind!==`precondition-failed`&&this.act.problem?.status!==412?P(this.act.problem):d`<div role="alert"><div class="note warn stack tight" id="stale"><p><strong>${c(`stale.title`)}</strong></p><p>${c(`stale.text`)}</p>
      <div><button type="button" class="button small" id="stale-reload" @click=${()=>{this.act.clear(),this.tell(`changed`)}}>${c(`stale.reload`)}</button></div></div></div>`}buttons(e,t={}){return d`<div class="row end"><button type="button" class="button" @click=${()=>this.tell(`closed`)}>${c(`action.cancel`)}</button>
      <button class="button ${t.danger?`danger`:`primary`}" data-confirm ?disabled=${this.act.busy||t.disabled}>
        ${this.act.busy?d`<span class="spinner"></span>`:f}${e}</button></div>`}};b([_({attribute:!1})],q.prototype,`record`,void 0);var J=class extends q{constructor(...e){super(...e),this.reason=``,this.typed=``}send(e){e.preventDefault(),Je(this.record.customer),this.change(`POST`,`/destructions`,{reason:this.reason},c(`destroy.done`))}render(){let e=this.record.customer.slice(-4);return d`<kx-modal heading=${c(`destroy.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note danger">${c(`destroy.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="destroy-reason">${c(`reason`)}</label>
          <select id="destroy-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${k(C.policy?.reasons,this.reason,c(`form.choose`))}</select></div>
        <div class="field"><label for="destroy-typed">${c(`destroy.type`,{end:e})}</label>
          <input id="destroy-typed" class="mono" autocomplete="off" spellcheck="false" .value=${this.typed}
            @input=${e=>{this.typed=e.target.value}} /></div>
        ${this.buttons(c(`destroy.go`),{danger:!0,disabled:!this.reason||this.typed.trim()!==e})}
      </form></kx-modal>`}};b([v()],J.prototype,`reason`,void 0),b([v()],J.prototype,`typed`,void 0),J=b([g(`kx-destroy`)],J);var Y=class extends q{constructor(...e){super(...e),this.purpose=``,this.typed={},this.removed={}}fields(){let e=[...Object.keys(this.record.fields),...this.record.hidden??[]],t=ve(C.policy),n=(C.policy?.fields??[]).filter(n=>e.includes(n.name)&&!t.includes(n));return[...t,...n].filter(e=>(!e.kinds?.length||e.kinds.includes(this.record.kind))&&(!e.purposes?.length||e.purposes.includes(this.purpose)))}changes(){let e={};for(let{name:t}of this.fields()){let n=this.typed[t];this.removed[t]?e[t]=null:n!==void 0&&n.trim()!==``&&n!==this.record.fields[t]?.value&&(e[t]=n.trim())}return e}save(e){e.preventDefault(),this.change(`PATCH`,``,{purpose:this.purpose,fields:this.changes()},c(`edit.done`))}render(){return d`<kx-modal heading=${c(`edit.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.save(e)}>
        <p class="help">${c(`edit.text`)}</p>
        ${this.trouble()}
        ${this.fields().map(e=>this.row(e))}
        ${this.buttons(c(`edit.save`),{disabled:Object.keys(this.changes()).length===0})}
      </form></kx-modal>`}row(e){let{name:t}=e,n=this.record.fields[t],r=this.act.problem?.at(`fields.${t}`),i=this.typed[t]??n?.value??``,a=e=>{this.typed={...this.typed,[t]:e.target.value}},o=`edit-${t}-help`;return d`<div class="field"><label for="edit-${t}">${u(e.title)} ${w(e.level)}</label>
      ${e.options?.length?d`<select id="edit-${t}" ?disabled=${this.removed[t]} @change=${a} aria-describedby=${o}>
            <option value="" .selected=${i===``}>${c(`form.choose`)}</option>
            ${e.options.map(e=>d`<option value=${e.value} .selected=${e.value===i}>${u(e.title)}</option>`)}</select>`:d`<input id="edit-${t}" .value=${i} autocomplete="off" spellcheck="false" ?disabled=${this.removed[t]}
            aria-invalid=${r?`true`:`false`} @input=${a} aria-describedby=${o} />`}
      <span id=${o}>${n?.masked?d`<span class="help">${c(`edit.masked`,{mask:n.masked})}</span>`:f}
        ${r?d`<span class="error">${ie(r)}</span>`:f}</span>
      ${n&&!e.required?d`<label class="choice small"><input type="checkbox" .checked=${this.removed[t]===!0}
        @change=${e=>{this.removed={...this.removed,[t]:e.target.checked}}} /><span>${c(`edit.remove`)}</span></label>`:f}
    </div>`}};b([_()],Y.prototype,`purpose`,void 0),b([v()],Y.prototype,`typed`,void 0),b([v()],Y.prototype,`removed`,void 0),Y=b([g(`kx-edit`)],Y);var vt=class extends q{constructor(...e){super(...e),this.reason=``}send(e){e.preventDefault();let t=!this.record.held;this.change(`POST`,`/holds`,{place:t,reason:this.reason},c(t?`hold.placed`:`hold.lifted`))}render(){let e=this.record.held;return d`<kx-modal heading=${c(e?`hold.lift`:`hold.place`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p>${c(e?`hold.lift.text`:`hold.place.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="hold-reason">${c(`reason`)}</label>
          <select id="hold-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${k(C.policy?.reasons,this.reason,c(`form.choose`))}</select></div>
        ${this.buttons(c(e?`hold.lift`:`hold.place`),{disabled:!this.reason})}
      </form></kx-modal>`}};b([v()],vt.prototype,`reason`,void 0),vt=b([g(`kx-hold`)],vt);var X=class extends A{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.field=``,this.level=``,this.reason=``,this.note=``,this.approval=``,this.left=0,this.seconds=0,this.over=!1,this.request=new j(this),this.attempt=new m,this.stop=()=>{}}willUpdate(e){e.has(`field`)&&(this.approval=sessionStorage.getItem(this.stored)??``)}disconnectedCallback(){super.disconnectedCallback(),this.forget()}get stored(){return`kexin.approval.${this.customer}.${this.purpose}.${this.field}`}ask(e){e.preventDefault(),this.over=!1,this.request.start(async()=>{let e={field:this.field,purpose:this.purpose,reason:this.reason,...this.note.trim()?{note:this.note.trim()}:{},...this.approval?{approval:this.approval}:{}},t=await C.api.post(`/v1/customers/${encodeURIComponent(this.customer)}/reveals`,e,{idempotencyKey:this.attempt.keyFor(e)});return this.attempt.done(),this.take(t),{}})}take(e){e.value===void 0?(this.approval=e.approval??``,sessionStorage.setItem(this.stored,this.approval)):(sessionStorage.removeItem(this.stored),this.approval=``,this.value=e.value,this.seconds=e.seconds??30,this.stop(),this.stop=ae(this.seconds,e=>{this.left=e,e<=0&&this.forget()}))}forget(){this.stop(),this.value!==void 0&&(this.over=!0),this.value=void 0,this.left=0}render(){return d`<kx-modal heading=${c(`reveal.title`,{field:S(C.policy,this.field)})} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      ${this.value===void 0?this.form():this.secret()}</kx-modal>`}secret(){return d`<div class="secret" id="revealed">
      <output id="reveal-value">${this.value}</output>
      <div class="timer"><progress max=${this.seconds} value=${this.left} aria-label=${c(`reveal.left`)}></progress><span id="reveal-left">${le(this.left)}</span></div>
      <p class="small">${c(`reveal.shown`,{seconds:this.seconds})}</p>
      <div><button type="button" class="button" id="reveal-hide" @click=${()=>this.forget()}>${c(`reveal.hide`)}</button></div></div>`}form(){return d`<form class="stack" @submit=${e=>this.ask(e)}>
      ${this.over?d`<p class="note info" role="status" id="reveal-over">${c(`reveal.over`)}</p>`:f}
      <p>${w(this.level)} <span class="muted">${c(`record.purpose`)}${c(`colon`)}${D(this.purpose)}</span></p>
      <p class="help">${c(this.level===`L3`?`reveal.text.approval`:`reveal.text`)}</p>
      ${P(this.request.problem)}
      ${this.approval?this.waiting():f}
      <div class="field"><label for="reveal-reason">${c(`reason`)}</label>
        <select id="reveal-reason" required @change=${e=>{this.reason=e.target.value}}>
          ${k(C.policy?.reasons,this.reason,c(`form.choose`))}</select></div>
      <div class="field"><label for="reveal-note">${c(`note`)} <span class="muted">${c(`optional`)}</span></label>
        <textarea id="reveal-note" maxlength="500" .value=${this.note} aria-describedby="reveal-note-help"
          @input=${e=>{this.note=e.target.value}}></textarea>
        <span class="help" id="reveal-note-help">${c(`note.help`)}</span></div>
      <div class="row end"><button class="button primary" id="reveal-go" ?disabled=${this.request.busy||!this.reason}>
        ${c(this.approval?`reveal.again`:this.level===`L3`?`reveal.request`:`reveal.go`)}</button></div>
    </form>`}waiting(){return d`<div class="note warn" role="status" id="reveal-waiting"><p><strong>${c(`reveal.waiting`)}</strong></p>
      <p>${c(`reveal.waiting.text`)}</p><p class="mono" id="reveal-approval">${this.approval}</p></div>`}};b([_()],X.prototype,`customer`,void 0),b([_()],X.prototype,`purpose`,void 0),b([_()],X.prototype,`field`,void 0),b([_()],X.prototype,`level`,void 0),b([v()],X.prototype,`reason`,void 0),b([v()],X.prototype,`note`,void 0),b([v()],X.prototype,`approval`,void 0),b([v()],X.prototype,`value`,void 0),b([v()],X.prototype,`left`,void 0),b([v()],X.prototype,`seconds`,void 0),b([v()],X.prototype,`over`,void 0),X=b([g(`kx-reveal`)],X);var Z=class extends q{constructor(...e){super(...e),this.purposes=[],this.names=[],this.channel=C.policy?.channels.find(e=>!e.public)?.id??``}given(){return(this.record.consents??[]).filter(({live:e})=>e).map(({purpose:e})=>e)}separate(){let e=new Set([...Object.keys(this.record.fields??{}),...this.record.hidden??[]]);return(C.policy?.fields??[]).filter(t=>t.separate_consent&&e.has(t.name)).map(e=>e.name)}send(e){e.preventDefault(),this.change(`POST`,`/withdrawals`,{purposes:this.purposes,fields:this.names,channel:this.channel},c(`withdraw.done`))}render(){let e=(e,t,n,r)=>d`<label class="choice"><input type="checkbox" value=${e}
      .checked=${n.includes(e)} @change=${t=>r(t.target.checked?[...n,e]:n.filter(t=>t!==e))} />
      <span>${t}</span></label>`;return d`<kx-modal heading=${c(`withdraw.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note warn">${c(`withdraw.text`)}</p>
        ${this.trouble()}
        <fieldset class="checks"><legend>${c(`withdraw.purposes`)}</legend>
          ${this.given().map(t=>e(t,D(t),this.purposes,e=>{this.purposes=e}))}
          ${this.given().length?f:d`<p class="muted">${c(`withdraw.none`)}</p>`}</fieldset>
        ${this.separate().length?d`<fieldset class="checks"><legend>${c(`withdraw.fields`)}</legend>
          ${this.separate().map(t=>e(t,S(C.policy,t),this.names,e=>{this.names=e}))}</fieldset>`:f}
        <div class="field"><label for="withdraw-channel">${c(`withdraw.channel`)}</label>
          <select id="withdraw-channel" @change=${e=>{this.channel=e.target.value}}>
            ${k(C.policy?.channels,this.channel)}</select></div>
        ${this.buttons(c(`withdraw.go`),{danger:!0,disabled:this.purposes.length+this.names.length===0})}
      </form></kx-modal>`}};b([v()],Z.prototype,`purposes`,void 0),b([v()],Z.prototype,`names`,void 0),b([v()],Z.prototype,`channel`,void 0),Z=b([g(`kx-withdraw`)],Z);var Q=class extends A{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.act=``,this.revealing=``,this.tab=`data`,this.record=new j(this),this.close=()=>{this.act=``,this.revealing=``},this.changed=()=>this.load()}willUpdate(e){e.has(`customer`)&&(this.act=``,this.revealing=``,this.tab=`data`,this.record.clear(),this.purpose||=ye(C.policy),this.load())}load(){this.record.start(async()=>{let e=`/v1/customers/${encodeURIComponent(this.customer)}?purpose=${encodeURIComponent(this.purpose)}`,t=await C.api.ask(e);return{...t.data,version:t.version??t.data.version}})}choosePurpose(e){this.purpose=e,this.record.clear(),this.load()}render(){return d`<section class="stack">
      <p class="no-print"><a href="#/customers">← ${c(`nav.customers`)}</a></p>
      <div class="heading"><div><h1>${c(`record.title`)} ${T(this.customer)}</h1><p>${c(`record.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>print()}>${c(`record.print`)}</button></div></div>
      <div class="panel filters no-print">
        <div class="field"><label for="purpose">${c(`record.purpose`)}</label>
          <select id="purpose" aria-describedby="purpose-help" @change=${e=>this.choosePurpose(e.target.value)}>
            ${k(_e(C.policy),this.purpose)}</select></div>
        <p class="help" id="purpose-help">${c(`record.purpose.help`)}</p>
      </div>
      ${this.tabs()}
      ${this.tab===`history`?d`<kx-history .customer=${this.customer}></kx-history>`:M(this.record,e=>this.card(e),()=>this.load())}
    </section>`}tabs(){if(!L(C.me?.role,`history`))return f;let e=e=>d`<button type="button" role="tab" id="tab-${e}" aria-selected=${this.tab===e}
      @click=${()=>{this.tab=e}}>${c(`record.tab.${e}`)}</button>`;return d`<div class="tabs" role="tablist" aria-label=${c(`record.title`)}>${e(`data`)}${e(`history`)}</div>`}card(e){return d`<div class="stack" id="card">
      ${this.facts(e)}
      ${this.fields(e)}
      ${this.consents(e)}
      ${this.actions(e)}
      <p class="print-only">${c(`record.printed`,{name:C.me?.name??``,time:p(Date.now()/1e3)})}</p>
      ${this.dialogs(e)}
    </div>`}facts(e){let t=(e,t)=>d`<div><dt>${e}</dt><dd>${t}</dd></div>`;return d`<div class="panel"><dl class="facts">
      ${t(c(`card.state`),d`${we(e.state)} ${e.held?d`<span class="badge info">${c(`record.held`)}</span>`:f}`)}
      ${t(c(`card.kind`),l(`kind`,e.kind))}
      ${e.stage?t(c(`record.stage`),l(`stage`,e.stage)):f}
      ${t(c(`card.department`),E(e.department))}
      ${t(c(`record.owner`),e.owner?T(e.owner):c(`record.owner.none`))}
      ${t(c(`record.purpose`),D(e.purpose))}
      ${t(c(`record.deadline`),se(e.deadline))}
      ${t(c(`record.version`),String(e.version))}
    </dl></div>`}fields(e){let t=ve(C.policy).map(({name:e})=>e),n=Object.keys(e.fields??{}).sort((e,n)=>t.indexOf(e)-t.indexOf(n)),r=(e.hidden??[]).filter(e=>!n.includes(e));return n.length+r.length===0?d`<div class="panel state"><h2>${c(`record.none`)}</h2><p>${c(`record.none.text`)}</p></div>`:d`<div class="scroll"><table class="cards"><caption class="visually-hidden">${c(`record.tab.data`)}</caption>
      <thead><tr><th scope="col">${c(`record.field`)}</th><th scope="col">${c(`record.value`)}</th><th scope="col">${c(`record.level`)}</th>
        <th scope="col"><span class="visually-hidden">${c(`record.acts`)}</span></th></tr></thead>
      <tbody>
        ${n.map(t=>d`<tr data-field=${t}><th scope="row">${S(C.policy,t)}</th><td>${Te(e.fields[t])}</td>
          <td>${w(e.fields[t].level)}</td><td>${e.fields[t].value===void 0?this.revealButton(t):f}</td></tr>`)}
        ${r.map(e=>d`<tr data-field=${e}><th scope="row">${S(C.policy,e)}</th><td class="muted">${c(`record.hidden`)}</td>
          <td>${w(this.levelOf(e))}</td><td>${this.revealButton(e)}</td></tr>`)}
      </tbody></table></div>`}revealButton(e){return d`<button type="button" class="button small" data-reveal=${e} @click=${()=>{this.revealing=e}}>${c(`reveal.open`)}<span
      class="visually-hidden"> ${S(C.policy,e)}</span></button>`}levelOf(e){return C.policy?.fields.find(t=>t.name===e)?.level??`L3`}consents(e){let t=e.consents??[];return t.length===0?f:d`<div class="panel stack tight"><h2>${c(`record.consents`)}</h2><ul class="card-fields">${t.map(({purpose:e,live:t})=>d`
      <li><span class="badge ${t?`ok`:``}">${c(t?`consent.given`:`consent.none`)}</span> ${D(e)}</li>`)}</ul></div>`}actions(e){let t=C.me?.role,n=(e,t,n=``)=>d`<button type="button" class="button ${n}" id="act-${e}" @click=${()=>{this.act=e}}>${t}</button>`;return d`<div class="row actions no-print">
      ${L(t,`edit`)?n(`edit`,c(`edit.open`)):f}
      ${L(t,`withdraw`)?n(`withdraw`,c(`withdraw.open`)):f}
      ${L(t,`hold`)?n(`hold`,c(e.held?`hold.lift`:`hold.place`)):f}
      ${L(t,`destroy`)?n(`destroy`,c(`destroy.open`),`danger`):f}
    </div>`}dialogs(e){return d`
      ${this.revealing?d`<kx-reveal .customer=${this.customer} .purpose=${this.purpose} .field=${this.revealing}
        .level=${e.fields[this.revealing]?.level??this.levelOf(this.revealing)} @closed=${this.close}></kx-reveal>`:f}
      ${this.act===`edit`?d`<kx-edit .record=${e} .purpose=${this.purpose} @changed=${this.changed} @closed=${this.close}></kx-edit>`:f}
      ${this.act===`withdraw`?d`<kx-withdraw .record=${e} @changed=${this.changed} @closed=${this.close}></kx-withdraw>`:f}
      ${this.act===`hold`?d`<kx-hold .record=${e} @changed=${this.changed} @closed=${this.close}></kx-hold>`:f}
      ${this.act===`destroy`?d`<kx-destroy .record=${e} @changed=${this.changed} @closed=${this.close}></kx-destroy>`:f}`}};b([_()],Q.prototype,`customer`,void 0),b([v()],Q.prototype,`purpose`,void 0),b([v()],Q.prototype,`act`,void 0),b([v()],Q.prototype,`revealing`,void 0),b([v()],Q.prototype,`tab`,void 0),Q=b([g(`kx-record`)],Q);var yt=[`nda`,`training`,`vetting`],bt=Array.from({length:22},(e,t)=>`R${t+2}`),xt=class extends A{constructor(...e){super(...e),this.list=new j(this),this.act=new j(this),this.attempt=new m}connectedCallback(){super.connectedCallback(),this.load()}load(){this.list.start(async()=>(await C.api.get(`/v1/staff`)).staff??[])}open(e){this.act.clear(),this.edited=e}send(e){e.preventDefault();let t=new FormData(e.target),n=e=>String(t.get(e)??``).trim(),r={name:n(`name`),role:n(`role`),title:{zh:n(`title_zh`),en:n(`title_en`)},department:n(`department`),active:t.get(`active`)===`on`};for(let e of yt)n(e)&&(r[e]=n(e));for(let e of[`issuer`,`subject`])n(e)&&(r[e]=n(e));this.edited?.staff&&(r.staff=this.edited.staff),this.act.start(async()=>{let{approval:e}=await C.api.post(`/v1/staff/changes`,r,{idempotencyKey:this.attempt.keyFor(r)});this.attempt.done(),F(c(`staff.sent`,{approval:e})),this.edited=void 0})}render(){let e=L(C.me?.role,`register`);return d`<section class="stack">
      <div class="heading"><div><h1>${c(`nav.staff`)}</h1><p>${c(`staff.text`)}</p></div>
        ${e?d`<div class="row"><button type="button" class="button primary" id="staff-add" @click=${()=>this.open({active:!0})}>${c(`staff.add`)}</button></div>`:f}</div>
      ${M(this.list,t=>t.length?this.table(t,e):N(c(`staff.empty`)),()=>this.load())}
      ${this.edited?this.dialog(this.edited):f}
    </section>`}table(e,t){return d`<div class="scroll"><table class="cards"><caption class="visually-hidden">${c(`nav.staff`)}</caption>
      <thead><tr><th scope="col">${c(`staff.name`)}</th><th scope="col">${c(`staff.role`)}</th><th scope="col">${c(`card.department`)}</th>
        ${yt.map(e=>d`<th scope="col">${c(`staff.${e}`)}</th>`)}<th scope="col">${c(`staff.active`)}</th>
        ${t?d`<th scope="col"><span class="visually-hidden">${c(`record.acts`)}</span></th>`:f}</tr></thead>
      <tbody>${e.map(e=>d`<tr>
        <th scope="row">${e.name}<br />${T(e.staff)}</th>
        <td data-label=${c(`staff.role`)}>${O(e.role,e.title)} <span class="badge">${e.role}</span></td>
        <td data-label=${c(`card.department`)}>${E(e.department)}</td>
        ${yt.map(t=>d`<td data-label=${c(`staff.${t}`)}>${ke(e[t])}</td>`)}
        <td data-label=${c(`staff.active`)}><span class="badge ${e.active?`ok`:`danger`}">${c(e.active?`yes`:`no`)}</span></td>
        ${t?d`<td><button type="button" class="button small" @click=${()=>this.open(e)}>${c(`staff.change`)}<span class="visually-hidden"> ${e.name}</span></button></td>`:f}
      </tr>`)}</tbody></table></div>`}dialog(e){let t=(e,t,n={})=>{let r=this.act.problem?.at(e);return d`<div class="field"><label for="staff-${e}">${c(`staff.${e}`)}</label>
        <input id="staff-${e}" name=${e} type=${n.type??`text`} .value=${t} ?required=${n.required} autocomplete="off" aria-invalid=${r?`true`:`false`} />
        ${r?d`<span class="error">${ie(r)}</span>`:f}</div>`};return d`<kx-modal heading=${c(e.staff?`staff.change`:`staff.add`)} @closed=${()=>{this.edited=void 0}}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note info">${c(`staff.change.text`)}</p>
        ${P(this.act.problem)}
        <div class="split">
          ${t(`name`,e.name??``,{required:!0})}
          <div class="field"><label for="staff-role">${c(`staff.role`)}</label><select id="staff-role" name="role" required>
            ${bt.map(t=>d`<option value=${t} .selected=${t===e.role}>${t} ${O(t)}</option>`)}</select></div>
          ${t(`title_zh`,e.title?.zh??``)}${t(`title_en`,e.title?.en??``)}
          <div class="field"><label for="staff-department">${c(`card.department`)}</label><select id="staff-department" name="department" required>
            ${k(C.policy?.departments,e.department??``)}</select></div>
          ${yt.map(n=>t(n,St(e[n]),{type:`date`}))}
          ${t(`issuer`,``,{required:!e.staff})}${t(`subject`,``,{required:!e.staff})}
        </div>
        <label class="choice"><input type="checkbox" name="active" .checked=${e.active??!0} /><span>${c(`staff.active.text`)}</span></label>
        <div class="row end"><button type="button" class="button" @click=${()=>{this.edited=void 0}}>${c(`action.cancel`)}</button>
          <button class="button primary" ?disabled=${this.act.busy}>${c(`staff.send`)}</button></div>
      </form></kx-modal>`}};b([v()],xt.prototype,`edited`,void 0),xt=b([g(`kx-staff`)],xt);function St(e){let t=ue(e);return t?new Date(t.getTime()-1e3).toISOString().slice(0,10):``}var $=class extends A{constructor(...e){super(...e),this.hash=location.hash,this.resuming=!!C.token}connectedCallback(){super.connectedCallback(),C.onChange(()=>this.requestUpdate()),addEventListener(`hashchange`,()=>this.moved()),C.resume().catch(()=>{}).finally(()=>{this.resuming=!1})}async moved(){this.hash=location.hash,await this.updateComplete,this.querySelector(`main`)?.focus(),scrollTo(0,0)}render(){return this.resuming?d`<main class="door-page" role="status"><p><span class="spinner"></span> ${c(`state.loading`)}</p></main>`:C.me?this.inside():this.outside()}updated(){this.querySelector(`nav [aria-current]`)?.scrollIntoView?.({block:`nearest`,inline:`nearest`})}outside(){return n(c(`page.console`)),d`<div class="page">
      <header class="bar">${a(c(`page.console.sub`))}<div class="tools">${t()}${e(()=>this.requestUpdate())}</div></header>
      <main class="door-page"><kx-sign-in></kx-sign-in></main></div>`}inside(){let r=C.me,[i,o]=this.place();return n(c(`nav.${i}`)),d`<a class="button skip" href="#main" @click=${e=>this.skip(e)}>${c(`skip`)}</a>
      <div class="console">
        <header class="bar">${a(c(`page.console.sub`))}
          <div class="tools">
            <div class="who"><strong>${r.name}</strong><small>${O(r.role,r.title)} · ${E(r.department)}</small></div>
            ${t()}${e(()=>this.requestUpdate())}
            <button type="button" class="button small" id="sign-out" @click=${()=>C.signOut()}>${c(`sign-out`)}</button>
          </div>
        </header>
        <kx-demo></kx-demo>
        <nav aria-label=${c(`nav`)}><ul>${Ve(r.role).map(e=>d`
          <li><a href="#/${e}" aria-current=${e===i?`page`:f}>${c(`nav.${e}`)}</a></li>`)}</ul></nav>
        <main id="main" tabindex="-1">${this.view(i,o)}</main>
      </div>`}skip(e){e.preventDefault(),this.querySelector(`main`)?.focus()}place(){let[,e=``,t=``]=this.hash.split(`/`),n=Ve(C.me.role)[0]??`customers`;return[e||n,decodeURIComponent(t)]}view(e,t){let n={customers:()=>t?d`<kx-record .customer=${t}></kx-record>`:d`<kx-customers></kx-customers>`,new:()=>d`<kx-new></kx-new>`,pending:()=>d`<kx-pending></kx-pending>`,exports:()=>d`<kx-exports></kx-exports>`,approvals:()=>d`<kx-approvals></kx-approvals>`,staff:()=>d`<kx-staff></kx-staff>`,audit:()=>d`<kx-audit .customer=${t}></kx-audit>`,certificates:()=>d`<kx-certificates .customer=${t}></kx-certificates>`};return Ve(C.me.role).length===0?this.nothingToDo():(n[e]??n.customers)()}nothingToDo(){return d`<section><div class="panel state"><h2>${c(`nothing.title`)}</h2>
      <p>${c(`nothing.text`,{role:l(`role`,C.me.role)})}</p></div></section>`}};b([v()],$.prototype,`hash`,void 0),b([v()],$.prototype,`resuming`,void 0),$=b([g(`kexin-console`)],$),r(),ee(d`<kexin-console></kexin-console><kx-toasts></kx-toasts>`,document.body),s(()=>n(document.title.split(` · `)[0]??``));