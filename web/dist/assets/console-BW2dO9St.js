import{a as e,i as t,n,o as r,t as i}from"./chrome-Bg01sJWQ.js";import{_ as a,a as o,c as s,d as ee,l as te,n as c,o as l,p as u,r as ne,t as re,u as d}from"./i18n-DoU5ZipX.js";import{a as f,c as p,d as m,f as ie,g as h,h as g,i as ae,l as oe,m as _,n as v,o as se,p as ce,r as le,s as ue,t as y,u as de}from"../embed/kexin-form.js";var fe=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function pe(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return fe(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return fe(n,r,{get(){return a(this)}})}}function me(e){let t=e??{};return{pack:typeof t.pack==`string`?t.pack:String(t.pack?.id??``),purposes:b(t.purposes),fields:b(t.fields).map(e=>({...e,name:e.name??e.id})),reasons:he(t.reasons),departments:he(t.departments),levels:he(t.levels),forms:b(t.forms).sort((e,t)=>(t.fields?.length??0)-(e.fields?.length??0)),channels:b(t.channels)}}function he(e){return b(e).map(e=>({id:String(e.id),title:e.title??e.label??e}))}function b(e){return Array.isArray(e)?e.map(e=>typeof e==`string`?{id:e,title:{zh:e,en:e}}:{...e,id:e.id??e.name??e.level??e.code??e.value}):!e||typeof e!=`object`?[]:Object.entries(e).map(([e,t])=>typeof t==`string`?{id:e,title:{zh:t,en:t}}:{...t,id:e})}function ge(e,t){return t?l(e?.find(e=>e.id===t)?.title)||t:`–`}function x(e,t){return l(e?.fields.find(e=>e.name===t)?.title)||t}function _e(e){let t=new Set(e?.fields.flatMap(e=>e.purposes??[]));return(e?.purposes??[]).filter(({id:e})=>t.size===0||t.has(e))}function S(e){let t=[...new Set((e?.forms??[]).flatMap(e=>e.fields.map(({name:e})=>e)))].flatMap(t=>e?.fields.filter(e=>e.name===t)??[]);return t.length?t:e?.fields??[]}function ve(e){return e?.forms[0]?.purposes.find(e=>e.mandatory)?.id??_e(e)[0]?.id??``}function ye(e,t){return l(e?.levels.find(e=>e.id===t)?.title)||c(`level`,t)}var be=`kexin.token`,xe=class{constructor(){this.token=Se(),this.ended=!1,this.listeners=new Set,this.api=new de(``,()=>this.token,()=>this.end())}onChange(e){this.listeners.add(e)}async signIn(e){this.token=e.trim(),this.ended=!1;try{this.me=await this.api.get(`/v1/me`),this.policy=me(await this.api.get(`/v1/policy`)),sessionStorage.setItem(be,this.token)}catch(e){throw this.forget(),this.ended=!1,e}this.tell()}async resume(){this.token&&await this.signIn(this.token)}signOut(){this.forget(),this.ended=!1,this.tell()}end(){this.me&&(this.forget(),this.ended=!0,this.tell())}forget(){this.token=``,this.me=void 0,sessionStorage.clear()}tell(){for(let e of this.listeners)e()}};function Se(){try{return sessionStorage.getItem(be)??``}catch{return``}}var C=new xe;function w(e){return u`<span class="badge ${e}" title=${e}>${ye(C.policy,e)}</span>`}function T(e){let t={live:`ok`,pending:`warn`,restricted:`info`}[e]??``;return u`<span class="badge ${t}">${c(`state`,e)}</span>`}function E(e){return u`<span class="mono nowrap" title=${e}>${e.length>14?`${e.slice(0,12)}…`:e}</span>`}function Ce(e){return e?e.value===void 0?e.masked?u`<span class="masked">${e.masked}<span class="visually-hidden"> ${s(`card.masked`)}</span></span>`:u`<span class="muted">–</span>`:u`<span class="value">${e.value}</span>`:u`<span class="muted">–</span>`}function we(e){for(let t of[`name`,`company_name`,`contact_person_name`]){let n=e.fields?.[t];if(n?.masked||n?.value)return n.value??n.masked??``}return s(`card.unnamed`)}function Te(e){let t=Object.keys(e.fields??{}).filter(e=>![`name`,`company_name`].includes(e));return u`<ul class="card-fields">${t.map(t=>u`<li><span class="muted">${x(C.policy,t)}</span> ${Ce(e.fields[t])}</li>`)}</ul>`}var D=e=>ge(C.policy?.departments,e),O=e=>ge(C.policy?.purposes,e),Ee=e=>e?ge(C.policy?.reasons,e):`–`;function k(e,t){return l(t)||c(`role`,e??``,`–`)}function A(e,t,n=``){return u`${n?u`<option value="" .selected=${t===``}>${n}</option>`:d}
    ${(e??[]).map(({id:e,title:n})=>u`<option value=${e} .selected=${e===t}>${l(n)}</option>`)}`}function De(e){return e?u`<span class="nowrap">${se(e)}</span>`:u`<span class="badge danger">${s(`staff.none`)}</span>`}var j=class extends te{constructor(){super(),new re(this)}createRenderRoot(){return this}},M=class{constructor(e){this.host=e,this.state=`idle`,this.run=0}get busy(){return this.state===`busy`}async start(e){let t=++this.run;this.state=`busy`,this.problem=void 0,this.host.requestUpdate();try{let n=await e();return t===this.run?(this.value=n,this.state=`done`,n):void 0}catch(e){t===this.run&&(this.problem=e instanceof m?e:new m(`internal`,0,``),this.state=`failed`);return}finally{this.host.requestUpdate()}}clear(){this.run+=1,this.state=`idle`,this.value=void 0,this.problem=void 0,this.host.requestUpdate()}};function N(e,t,n){return e.state===`failed`?u`<div class="panel state" role="alert"><h2>${s(`state.failed`)}</h2>${Oe(e.problem)}
      <button type="button" class="button" @click=${n}>${s(`action.retry`)}</button></div>`:e.value===void 0?u`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:t(e.value)}function P(e,t=``){return u`<div class="panel state"><h2>${e}</h2>${t?u`<p>${t}</p>`:d}</div>`}function F(e){return u`<div role="alert">${e?u`<div class="note danger">${Oe(e)}</div>`:d}</div>`}function Oe(e){let t=e.faults.filter(e=>e.field!==``);return u`<p><strong>${e.text}</strong></p>
    ${t.length?u`<ul>${t.map(e=>u`<li><span class="mono">${e.field}</span>${s(`colon`)}${ie(e)}</li>`)}</ul>`:d}
    ${e.request?u`<p class="small muted">${s(`problem.request`,{id:e.request})}</p>`:d}`}var ke=()=>{},Ae=7e3;function I(e,t=`ok`){ke(e,t)}var je=class extends j{constructor(...e){super(...e),this.list=[],this.count=0}connectedCallback(){super.connectedCallback(),ke=(e,t)=>this.add(e,t)}add(e,t){let n=++this.count;this.list=[...this.list.slice(-3),{id:n,text:e,kind:t}],setTimeout(()=>this.drop(n),Ae)}drop(e){this.list=this.list.filter(t=>t.id!==e)}render(){return u`<div class="toasts" role="status" aria-live="polite">${this.list.map(e=>u`
      <div class="toast ${e.kind}"><span>${e.text}</span>
        <button type="button" class="button plain small" aria-label=${s(`action.close`)} @click=${()=>this.drop(e.id)}>×</button></div>`)}</div>`}};y([_()],je.prototype,`list`,void 0),je=y([h(`kx-toasts`)],je);var Me=[`P1D`,`P7D`,`P30D`,`P1Y`,`P3Y`,`P10Y`],Ne=[`accept-submissions`,`build-export`,`purge-expired`,`seal-audit`,`rotate-keys`],Pe=class extends j{constructor(...e){super(...e),this.clock=new M(this),this.job=new M(this)}connectedCallback(){super.connectedCallback(),this.clock.start(()=>C.api.get(`/dev/clock`))}advance(e){this.clock.start(async()=>{let t=await C.api.post(`/dev/clock`,{advance:e});return I(s(`demo.moved`,{now:f(t.now)})),t})}run(e){this.job.start(async()=>{try{let t=await C.api.post(`/dev/jobs/${e}`,{});I(`${c(`job`,e)}${s(`colon`)}${Fe(t)}`),this.dispatchEvent(new CustomEvent(`kexin-job`,{bubbles:!0}))}catch(t){I(`${c(`job`,e)}${s(`colon`)}${t instanceof m?t.text:s(`problem.internal`)}`,`danger`)}})}render(){return this.clock.value?u`<section class="demo no-print" aria-label=${s(`demo.title`)}>
      <strong>${s(`demo.title`)}</strong>
      <span>${s(`demo.clock`)} <time id="demo-clock">${f(this.clock.value.now)}</time></span>
      <div class="row"><label for="demo-step">${s(`demo.advance`)}</label>
        <select id="demo-step">${Me.map(e=>u`<option value=${e}>${c(`step`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-advance" ?disabled=${this.clock.busy}
          @click=${()=>this.advance(this.chosen(`demo-step`))}>${s(`demo.go`)}</button></div>
      <div class="row"><label for="demo-job">${s(`demo.job`)}</label>
        <select id="demo-job">${Ne.map(e=>u`<option value=${e}>${c(`job`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-run" ?disabled=${this.job.busy}
          @click=${()=>this.run(this.chosen(`demo-job`))}>${s(`demo.run`)}</button></div>
    </section>`:d}chosen(e){return this.querySelector(`#${e}`).value}};Pe=y([h(`kx-demo`)],Pe);function Fe(e){if(!e||typeof e!=`object`)return s(`demo.done`);let t=Object.entries(e).filter(([,e])=>[`number`,`string`,`boolean`].includes(typeof e)&&e!==``).map(([e,t])=>`${c(`report`,e.toLowerCase(),e)} ${typeof t==`boolean`?s(t?`yes`:`no`):t}`);return t.length?t.join(` · `):s(`demo.done`)}var L=class extends te{static{this.styles=a`
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
  `}constructor(){super(),this.heading=``,new re(this)}firstUpdated(){this.dialog.showModal?.()}render(){return u`
      <dialog aria-labelledby="heading" @close=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
        <header><h2 id="heading" tabindex="-1" autofocus>${this.heading}</h2>
          <button type="button" id="close" aria-label=${s(`action.close`)} @click=${()=>this.close()}>×</button></header>
        <div class="body"><slot></slot></div>
      </dialog>`}close(){this.dialog.close?.()}};y([g()],L.prototype,`heading`,void 0),y([pe(`dialog`)],L.prototype,`dialog`,void 0),L=y([h(`kx-modal`)],L);var Ie=[`customers`,`new`,`pending`,`exports`,`approvals`,`staff`,`audit`,`certificates`],Le={R2:[`customers`,`new`],R3:[`customers`,`new`],R4:[`customers`,`new`],R5:[`customers`],R6:[`customers`,`new`,`certificates`],R7:[`customers`,`new`,`pending`,`approvals`,`audit`],R8:[`customers`,`new`,`approvals`,`exports`,`audit`,`certificates`],R9:[`customers`,`exports`],R10:Ie,R11:[`approvals`,`audit`,`exports`,`staff`,`certificates`],R12:[`audit`,`exports`,`staff`,`certificates`],R13:[],R19:[`customers`],R21:[`customers`,`new`],R22:[],R23:[]},Re=e=>Le[e]??Ie,ze={edit:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`,`R19`,`R21`],withdraw:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`],hold:[`R8`,`R10`],destroy:[`R10`],history:[`R7`,`R8`,`R10`,`R11`,`R12`],order:[`R9`,`R10`],register:[`R10`],revoke:[`R8`,`R9`,`R10`,`R11`,`R12`]},R=(e,t)=>ze[t].includes(e??``),Be=class extends j{constructor(...e){super(...e),this.accounts=new M(this),this.entry=new M(this)}connectedCallback(){super.connectedCallback(),this.accounts.start(async()=>(await C.api.get(`/dev/accounts`)).accounts??[])}enter(e){this.entry.start(async()=>{let{token:t}=await C.api.post(`/dev/token`,{subject:e});await C.signIn(t)})}paste(e){e.preventDefault();let t=new FormData(e.target).get(`token`);typeof t==`string`&&t.trim()&&this.entry.start(()=>C.signIn(t))}render(){let e=this.accounts.value??[];return u`<section class="sign-in stack">
      <div><h1>${s(`sign-in.title`)}</h1><p class="muted">${s(`sign-in.text`)}</p></div>
      ${C.ended?u`<div class="note warn" role="status">${s(`sign-in.ended`)}</div>`:d}
      ${F(this.refusal())}
      ${this.accounts.busy?u`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:e.length?this.demo(e):this.token()}
    </section>`}refusal(){return this.entry.problem}demo(e){return u`<div class="panel stack">
      <div class="note warn"><strong>${s(`demo.title`)}</strong> ${s(`sign-in.demo`)}</div>
      <h2>${s(`sign-in.accounts`)}</h2>
      <ul class="accounts">${e.map(e=>u`
        <li><button type="button" data-subject=${e.subject} ?disabled=${this.entry.busy} @click=${()=>this.enter(e.subject)}>
          <strong>${e.name}</strong><small>${k(e.role,e.title)}</small>
          <span class="badge">${e.role}</span></button></li>`)}</ul>
    </div>`}token(){return u`<form class="panel stack" @submit=${e=>this.paste(e)}>
      <p>${s(`sign-in.token.text`)}</p>
      <div class="field"><label for="token">${s(`sign-in.token`)}</label>
        <textarea id="token" name="token" class="mono" autocomplete="off" spellcheck="false" required aria-describedby="token-help"></textarea>
        <span class="help" id="token-help">${s(`sign-in.token.help`)}</span></div>
      <div><button class="button primary" ?disabled=${this.entry.busy}>${s(`sign-in.go`)}</button></div>
    </form>`}};Be=y([h(`kx-sign-in`)],Be);var Ve=class extends j{constructor(...e){super(...e),this.requests=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load()}load(){this.requests.start(async()=>(await C.api.get(`/v1/approvals`)).requests??[])}answer(e,t){this.act.start(async()=>{let n={allow:t},{given:r,needed:i}=await C.api.post(`/v1/approvals/${encodeURIComponent(e.approval)}`,n,{idempotencyKey:this.attempt.keyFor([e.approval,n])});I(t?s(`approvals.allowed`,{given:r,needed:i}):s(`approvals.refused`)),this.load()})}render(){return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.approvals`)}</h1><p>${s(`approvals.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>this.load()}>${s(`action.refresh`)}</button></div></div>
      ${F(this.act.problem)}
      ${N(this.requests,e=>e.length?e.map(e=>this.one(e)):P(s(`approvals.none`),s(`approvals.none.text`)),()=>this.load())}
    </section>`}one(e){let t=e.by===C.me?.staff,n=(e.state??`open`)===`open`,r=(e,t)=>u`<div><dt>${e}</dt><dd>${t}</dd></div>`;return u`<article class="panel stack" data-approval=${e.approval} aria-label=${c(`action`,e.action)}>
      <div class="row between"><h2>${c(`action`,e.action)} ${e.level?w(e.level):d}</h2>
        <span class="badge ${{approved:`ok`,refused:`danger`}[e.state??``]??`warn`}">${c(`approval`,e.state??`open`)} · ${s(`approvals.given`,{given:e.given,needed:e.needed})}</span></div>
      <dl class="facts">
        ${r(s(`approvals.by`),u`${e.name||E(e.by)} ${e.role?u`<span class="muted">${c(`role`,e.role)}</span>`:d}`)}
        ${e.customer?r(s(`card.customer`),E(e.customer)):d}
        ${e.export?r(s(`approvals.export`),E(e.export)):d}
        ${e.purpose?r(s(`record.purpose`),O(e.purpose)):d}
        ${e.reason?r(s(`reason`),Ee(e.reason)):d}
        ${e.fields?.length?r(s(`history.fields`),e.fields.map(e=>x(C.policy,e)).join(s(`comma`))):d}
        ${e.change?r(s(`approvals.change`),u`${e.change.name} · ${k(e.change.role)} (${e.change.role}) · ${D(e.change.department)}
          · ${s(e.change.active?`staff.active`:`staff.inactive`)}`):d}
        ${r(s(`approvals.created`),f(e.created))}
        ${r(s(`approvals.expires`),f(e.expires))}
      </dl>
      ${n?t?u`<p class="note info">${s(`approvals.own`)}</p>`:u`<div class="row">
        <button type="button" class="button primary" data-allow ?disabled=${this.act.busy} @click=${()=>this.answer(e,!0)}>${s(`approvals.allow`)}</button>
        <button type="button" class="button danger" data-deny ?disabled=${this.act.busy} @click=${()=>this.answer(e,!1)}>${s(`approvals.deny`)}</button></div>`:d}
    </article>`}};Ve=y([h(`kx-approvals`)],Ve);var z=class extends j{constructor(...e){super(...e),this.customer=``,this.log=!1,this.entries=[],this.page=new M(this)}willUpdate(e){(e.has(`customer`)||e.has(`log`))&&(this.page.clear(),this.load(``))}load(e){this.page.start(async()=>{let t=new URLSearchParams;this.log&&this.customer&&t.set(`customer`,this.customer),e&&t.set(`cursor`,e);let n=this.log?`/v1/audit`:`/v1/customers/${encodeURIComponent(this.customer)}/history`,r=await C.api.get(`${n}${t.size?`?${t}`:``}`);return this.entries=e?[...this.entries,...r.entries??[]]:r.entries??[],r})}render(){return this.page.problem&&this.entries.length?u`${this.table()}${F(this.page.problem)}`:N(this.page,e=>this.entries.length===0?P(s(`history.none`)):u`${this.table()}
      ${e.next?u`<div class="row"><button type="button" class="button" ?disabled=${this.page.busy} @click=${()=>this.load(e.next)}>${s(`pager.more`)}</button></div>`:d}`,()=>this.load(``))}table(){return u`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`record.tab.history`)}</caption>
      <thead><tr><th scope="col">${s(`history.at`)}</th><th scope="col">${s(`history.act`)}</th><th scope="col">${s(`history.who`)}</th>
        <th scope="col">${s(`history.why`)}</th><th scope="col">${s(`history.fields`)}</th></tr></thead>
      <tbody>${this.entries.map(e=>u`<tr>
        <td class="nowrap" data-label=${s(`history.at`)}>${f(e.at)}</td>
        <td>${c(`action`,e.action)} <span class="badge ${{allow:`ok`,deny:`danger`}[e.verdict]??`info`}">${c(`verdict`,e.verdict)}</span>
          ${e.code&&e.code!==`allow`?u`<br /><span class="small muted">${c(`denied`,e.code)}</span>`:d}</td>
        <td data-label=${s(`history.who`)}>${e.actor?E(e.actor):`–`}${e.role?u`<br /><span class="small muted">${c(`role`,e.role)}</span>`:d}</td>
        <td data-label=${s(`history.why`)}>${O(e.purpose)}${e.reason?u`<br /><span class="small muted">${Ee(e.reason)}</span>`:d}</td>
        <td data-label=${s(`history.fields`)}>${(e.fields??[]).map(e=>x(C.policy,e)).join(s(`comma`))||`–`}</td></tr>`)}</tbody></table></div>`}};y([g()],z.prototype,`customer`,void 0),y([g({type:Boolean})],z.prototype,`log`,void 0),y([_()],z.prototype,`entries`,void 0),z=y([h(`kx-history`)],z);var He=class extends j{constructor(...e){super(...e),this.customer=``}filter(e){e.preventDefault();let t=new FormData(e.target).get(`customer`);location.hash=`#/audit/${encodeURIComponent(String(t??``).trim())}`}render(){return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.audit`)}</h1><p>${s(`audit.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.filter(e)}>
        <div class="field"><label for="audit-customer">${s(`audit.customer`)}</label>
          <input id="audit-customer" name="customer" class="mono" autocomplete="off" spellcheck="false" placeholder="cus_…" required .value=${this.customer} /></div>
        <button class="button">${s(`audit.show`)}</button>
      </form>
      ${this.customer?u`<kx-history log .customer=${this.customer}></kx-history>`:P(s(`audit.none`),s(`audit.none.text`))}
    </section>`}};y([g()],He.prototype,`customer`,void 0),He=y([h(`kx-audit`)],He);var Ue=`kexin.destroyed`;function We(){return(sessionStorage.getItem(Ue)??``).split(` `).filter(Boolean)}function Ge(e){sessionStorage.setItem(Ue,[e,...We().filter(t=>t!==e)].slice(0,20).join(` `))}var B=class extends j{constructor(...e){super(...e),this.customer=``,this.wanted=``,this.certificate=new M(this)}willUpdate(e){e.has(`customer`)&&this.customer&&this.load(this.customer)}ask(e){e.preventDefault();let t=String(new FormData(e.target).get(`customer`)??``).trim();t&&this.load(t)}load(e){this.wanted=e,this.certificate.start(async()=>{let{text:t,data:n}=await C.api.ask(`/v1/customers/${encodeURIComponent(e)}/certificate`);return{text:t,facts:n?.facts??{}}})}async keys(){v(`keys.json`,(await C.api.ask(`/v1/keys`)).text.trimEnd(),`application/json`)}render(){let e=We();return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.certificates`)}</h1><p>${s(`certificate.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.ask(e)}>
        <div class="field"><label for="certificate-customer">${s(`audit.customer`)}</label>
          <input id="certificate-customer" name="customer" class="mono" required autocomplete="off" spellcheck="false" placeholder="cus_…" .value=${this.wanted||this.customer} /></div>
        <button class="button primary" id="certificate-go" ?disabled=${this.certificate.busy}>${s(`certificate.go`)}</button>
      </form>
      ${e.length?u`<p class="row"><span class="muted">${s(`certificate.recent`)}</span>${e.map(e=>u`
        <button type="button" class="button small" @click=${()=>this.load(e)}>${E(e)}</button>`)}</p>`:d}
      ${this.certificate.busy?u`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:d}
      ${F(this.certificate.problem)}
      ${this.certificate.state===`done`?this.found(this.certificate.value):d}
    </section>`}found({text:e,facts:t}){let n=`certificate-${this.wanted}.json`,r=(e,t)=>u`<div><dt>${e}</dt><dd>${t}</dd></div>`;return u`<div class="panel stack" id="certificate" role="status">
      <h2>${s(`certificate.title`)}</h2>
      <dl class="facts">
        ${r(s(`card.customer`),u`<span class="mono">${this.wanted}</span>`)}
        ${r(s(`certificate.recorded`),f(t.recorded))}
        ${r(s(`certificate.irrecoverable`),f(t.irrecoverable))}
        ${t.sections?.length?r(s(`certificate.sections`),String(t.sections.length)):d}
      </dl>
      <div class="row"><button type="button" class="button primary" id="certificate-save" @click=${()=>v(n,e.trimEnd(),`application/json`)}>${s(`certificate.save`)}</button>
        <button type="button" class="button" @click=${()=>void this.keys()}>${s(`received.keys.save`)}</button></div>
      <p class="help">${s(`certificate.verify`)} <code class="mono">kexin verify ${n} --keys keys.json</code></p></div>`}};y([g()],B.prototype,`customer`,void 0),y([_()],B.prototype,`wanted`,void 0),B=y([h(`kx-certificates`)],B);var Ke=20,V=class extends j{constructor(...e){super(...e),this.department=C.me?.department??``,this.mine=!1,this.trail=[``],this.field=``,this.kind=``,this.list=new M(this),this.search=new M(this)}connectedCallback(){super.connectedCallback(),C.policy?.departments.some(({id:e})=>e===this.department)||(this.department=C.policy?.departments[0]?.id??``),this.chooseField(this.searchable()[0]?.name??``),this.load()}load(){let e=new URLSearchParams({department:this.department,limit:String(Ke)});this.mine&&C.me&&e.set(`owner`,C.me.staff);let t=this.trail.at(-1);t&&e.set(`cursor`,t),this.list.start(()=>C.api.get(`/v1/customers?${e}`))}turn(e){this.trail=e,this.load()}searchable(){return S(C.policy).filter(e=>qe(e).length>0)}chooseField(e){this.field=e,this.kind=qe(this.searchable().find(t=>t.name===e))[0]??``}find(e){e.preventDefault();let t=new FormData(e.target).get(`text`);typeof t==`string`&&t.trim()&&this.search.start(async()=>{let e={field:this.field,kind:this.kind,text:t.trim()};return(await C.api.post(`/v1/customers/search`,e)).customers??[]})}render(){return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.customers`)}</h1><p>${s(`customers.text`)}</p></div></div>
      ${this.searchPanel()}
      ${this.search.state===`idle`?this.listPanel():this.found()}
    </section>`}searchPanel(){let e=this.searchable(),t=qe(e.find(e=>e.name===this.field));return u`<form class="panel stack" id="search" role="search" @submit=${e=>this.find(e)}>
      <h2>${s(`search.title`)}</h2>
      <div class="filters">
        <div class="field"><label for="search-field">${s(`search.field`)}</label>
          <select id="search-field" @change=${e=>this.chooseField(e.target.value)}>
            ${e.map(e=>u`<option value=${e.name} .selected=${e.name===this.field}>${x(C.policy,e.name)}</option>`)}</select></div>
        <div class="field"><label for="search-kind">${s(`search.kind`)}</label>
          <select id="search-kind" @change=${e=>{this.kind=e.target.value}}>
            ${t.map(e=>u`<option value=${e} .selected=${e===this.kind}>${c(`search.kind`,e)}</option>`)}</select></div>
        <div class="field"><label for="search-text">${s(`search.text`)}</label>
          <input id="search-text" name="text" autocomplete="off" spellcheck="false" required aria-describedby="search-hint" /></div>
        <button class="button primary" ?disabled=${this.search.busy}>${s(`search.go`)}</button>
      </div>
      <p class="help" id="search-hint">${this.kind?s(`search.hint.${this.kind}`):d} ${s(`search.private`)}</p>
    </form>`}found(){return u`<div class="row between"><h2>${s(`search.result`)}</h2>
        <button type="button" class="button" @click=${()=>this.search.clear()}>${s(`search.back`)}</button></div>
      ${this.search.problem?F(this.search.problem):N(this.search,e=>e.length?Je(e):P(s(`search.none`),s(`search.none.text`)),()=>{})}`}listPanel(){return u`<div class="panel filters">
        <div class="field"><label for="department">${s(`customers.department`)}</label>
          <select id="department" @change=${e=>{this.department=e.target.value,this.turn([``])}}>
            ${A(C.policy?.departments,this.department)}</select></div>
        <label class="choice" for="mine"><input type="checkbox" id="mine" .checked=${this.mine}
          @change=${e=>{this.mine=e.target.checked,this.turn([``])}} /><span>${s(`customers.mine`)}</span></label>
      </div>
      ${N(this.list,e=>u`
        ${e.customers?.length?Je(e.customers):P(s(`customers.none`),s(`customers.none.text`))}
        ${this.pager(e)}`,()=>this.load())}`}pager(e){return u`<nav class="row between" aria-label=${s(`pager`)}>
      <button type="button" class="button" ?disabled=${this.trail.length<2||this.list.busy} @click=${()=>this.turn(this.trail.slice(0,-1))}>← ${s(`pager.previous`)}</button>
      <span class="muted">${s(`pager.page`,{n:this.trail.length})}</span>
      <button type="button" class="button" ?disabled=${!e.next||this.list.busy} @click=${()=>this.turn([...this.trail,e.next])}>${s(`pager.next`)} →</button>
    </nav>`}};y([_()],V.prototype,`department`,void 0),y([_()],V.prototype,`mine`,void 0),y([_()],V.prototype,`trail`,void 0),y([_()],V.prototype,`field`,void 0),y([_()],V.prototype,`kind`,void 0),V=y([h(`kx-customers`)],V);function qe(e){return[...e?.unique?[`identifier`]:[],...(e?.search??[]).filter(e=>e!==`identifier`)]}function Je(e){return u`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.customers`)}</caption>
    <thead><tr><th scope="col">${s(`card.customer`)}</th><th scope="col">${s(`card.data`)}</th><th scope="col">${s(`card.kind`)}</th>
      <th scope="col">${s(`card.department`)}</th><th scope="col">${s(`card.state`)}</th></tr></thead>
    <tbody>${e.map(e=>u`<tr>
      <th scope="row"><a href="#/customers/${e.customer}">${we(e)}</a><br />${E(e.customer)}</th>
      <td>${Te(e)}</td>
      <td data-label=${s(`card.kind`)}>${c(`kind`,e.kind)}</td>
      <td data-label=${s(`card.department`)}>${D(e.department)}</td>
      <td data-label=${s(`card.state`)}>${T(e.state)}</td></tr>`)}</tbody></table></div>`}var Ye=[`individual`,`enterprise`,`sole_trader`,`public_institution`],Xe=class extends j{constructor(...e){super(...e),this.order={purpose:``,reason:``,fields:[],kinds:[...Ye],department:C.me?.department??``,format:`csv`,language:ne()},this.preview=new M(this),this.request=new M(this),this.attempt=new p}set(e){this.order={...this.order,...e},this.preview.clear()}exportable(){return S(C.policy).filter(e=>e.export&&(!e.purposes?.length||e.purposes.includes(this.order.purpose))).map(e=>e.name)}complete(){return!!this.order.purpose&&!!this.order.reason&&this.order.fields.length>0&&this.order.kinds.length>0}look(){this.preview.start(()=>C.api.post(`/v1/exports/preview`,this.order))}send(e){e.preventDefault(),this.request.start(async()=>{let e=await C.api.post(`/v1/exports`,this.order,{idempotencyKey:this.attempt.keyFor(this.order)});return this.attempt.done(),I(e.approval?s(`order.waits`,{approval:e.approval}):s(`order.sent`)),this.dispatchEvent(new CustomEvent(`changed`)),this.dispatchEvent(new CustomEvent(`closed`)),e})}render(){return u`<kx-modal heading=${s(`exports.order`)} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <form class="stack" @submit=${e=>this.send(e)}>
        ${F(this.request.problem??this.preview.problem)}
        ${this.why()}
        ${this.what()}
        <div class="split">
          <div class="field"><label for="order-format">${s(`order.format`)}</label><select id="order-format" @change=${e=>this.set({format:e.target.value})}>
            ${[`csv`,`ndjson`].map(e=>u`<option value=${e} .selected=${e===this.order.format}>${c(`format`,e)}</option>`)}</select></div>
          <div class="field"><label for="order-language">${s(`order.language`)}</label><select id="order-language" @change=${e=>this.set({language:e.target.value})}>
            <option value="zh" .selected=${this.order.language===`zh`}>中文</option><option value="en" .selected=${this.order.language===`en`}>English</option></select></div>
        </div>
        <div aria-live="polite">${this.preview.value?u`<div class="note info" id="order-preview">${s(`order.preview.result`,{approvals:this.preview.value.approvals})}
          ${this.preview.value.level?w(this.preview.value.level):d}</div>`:d}</div>
        <div class="row end"><button type="button" class="button" id="order-look" ?disabled=${!this.complete()||this.preview.busy} @click=${()=>this.look()}>${s(`order.preview`)}</button>
          <button class="button primary" id="order-send" ?disabled=${!this.complete()||this.request.busy}>${s(`order.send`)}</button></div>
      </form></kx-modal>`}why(){let e=C.policy;return u`<div class="split">
      <div class="field"><label for="order-purpose">${s(`record.purpose`)}</label><select id="order-purpose" required
        @change=${e=>this.set({purpose:e.target.value,fields:[]})}>${A(_e(e),this.order.purpose,s(`form.choose`))}</select></div>
      <div class="field"><label for="order-reason">${s(`reason`)}</label><select id="order-reason" required
        @change=${e=>this.set({reason:e.target.value})}>${A(e?.reasons,this.order.reason,s(`form.choose`))}</select></div>
      <div class="field"><label for="order-department">${s(`card.department`)}</label><select id="order-department"
        @change=${e=>this.set({department:e.target.value})}>${A(e?.departments,this.order.department)}</select></div>
    </div>`}what(){let e=(e,t,n)=>n?[...e,t]:e.filter(e=>e!==t),t=this.exportable();return u`
      <fieldset class="checks"><legend>${s(`order.fields`)}</legend>
        ${this.order.purpose?t.map(t=>u`<label class="choice"><input type="checkbox" value=${t} data-field=${t} .checked=${this.order.fields.includes(t)}
          @change=${n=>this.set({fields:e(this.order.fields,t,n.target.checked)})} />
          <span>${x(C.policy,t)} ${w(this.levelOf(t))}</span></label>`):u`<p class="muted">${s(`order.fields.first`)}</p>`}</fieldset>
      <fieldset class="checks"><legend>${s(`order.kinds`)}</legend>
        ${Ye.map(t=>u`<label class="choice"><input type="checkbox" .checked=${this.order.kinds.includes(t)}
          @change=${n=>this.set({kinds:e(this.order.kinds,t,n.target.checked)})} /><span>${c(`kind`,t)}</span></label>`)}</fieldset>`}levelOf(e){return C.policy?.fields.find(t=>t.name===e)?.level??`L1`}};y([_()],Xe.prototype,`order`,void 0),Xe=y([h(`kx-order`)],Xe);var H=84,Ze=16,Qe=32,$e=2**32,et=`kxk1_`,tt=/^(dep|exp)_[a-z2-7]{25}[aeimquy4]$/,nt=4<<20,U=class extends Error{constructor(e,t){super(t),this.name=`ArchiveError`,this.code=e}};function rt(e){let t=String(e).trim(),n=t.slice(5);if(!t.startsWith(et)||!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(n))throw new U(`key`,`not an archive key`);let r=atob(n.replaceAll(`-`,`+`).replaceAll(`_`,`/`)+`=`);return Uint8Array.from(r,e=>e.charCodeAt(0))}function it(e){let t=(t,n)=>String.fromCharCode(...e.subarray(t,n));if(e.length<H||t(0,4)!==`KXA1`)throw new U(`format`,`not an archive`);let[n,r,i,a]=e.subarray(4,8),o={deployment:t(24,54),export:t(54,H),chunkSize:2**i,fileId:e.slice(8,24)},s=tt.test(o.deployment)&&o.deployment.startsWith(`dep_`)&&tt.test(o.export)&&o.export.startsWith(`exp_`);if(n!==1||r!==1||a!==0||i<12||i>20||!s)throw new U(`format`,`archive of an unknown version`);return o}async function at(e,t,n=()=>{}){let r=[],i=[],a=0,o=0;for await(let s of ot(e,t))i.push(s),a+=s.length,o+=s.length,a>=nt&&(r.push(new Blob(i)),i=[],a=0),n(o);return new Blob([...r,...i],{type:`application/zip`})}async function*ot(e,t){let n=new dt(e);try{let{chunk:e,size:r}=await ct(n,typeof t==`string`?rt(t):t),i=await n.take(r+Ze);for(let t=0;i.length>0||t===0;t+=1){let a=await n.take(r+Ze),o=a.length===0;if(t===$e||i.length<Ze||i.length===Ze&&t>0)throw new U(`truncated`,`chunk ${t} is cut off`);yield await st(e,i,t,o),i=a}}finally{await n.cancel()}}async function st(e,t,n,r){let i=await e(t,n,r);if(i)return i;throw await e(t,n,!r)?r?new U(`truncated`,`chunks after chunk ${n} are missing`):new U(`altered`,`bytes follow the last chunk ${n}`):new U(`altered`,`chunk ${n} was altered, moved or cut off`)}async function ct(e,t){let n=await e.take(100);if(n.length<100&&n.length>=4&&String.fromCharCode(...n.subarray(0,4))===`KXA1`)throw new U(`truncated`,`the header is cut off`);let r=it(n);if(!(t instanceof Uint8Array)||t.length!==Qe)throw new U(`key`,`not an archive key`);let i=n.slice(0,H),{subtle:a}=globalThis.crypto,o=await a.importKey(`raw`,t,`HKDF`,!1,[`deriveBits`]),s=new Uint8Array(await a.deriveBits({name:`HKDF`,hash:`SHA-256`,salt:r.fileId,info:i},o,440));if(!ut(s.subarray(39),n.subarray(H)))throw new U(`key`,`wrong key, or the header was altered`);let ee=await a.importKey(`raw`,s.subarray(0,Qe),`AES-GCM`,!1,[`decrypt`]),te=new Uint8Array(await a.digest(`SHA-256`,i)),c=s.slice(32,39);return{size:r.chunkSize,chunk:lt(ee,te,c)}}function lt(e,t,n){return async(r,i,a)=>{let o=new Uint8Array(12);o.set(n),new DataView(o.buffer).setUint32(7,i),o[11]=+!!a;try{let n=await globalThis.crypto.subtle.decrypt({name:`AES-GCM`,iv:o,additionalData:t,tagLength:128},e,r);return new Uint8Array(n)}catch{return null}}}function ut(e,t){let n=e.length^t.length;for(let r=0;r<e.length;r+=1)n|=e[r]^t[r];return n===0}var dt=class{constructor(e){let t=e instanceof ReadableStream?e:new Blob([e]).stream();this.reader=t.getReader(),this.held=new Uint8Array}async take(e){let t=new Uint8Array(e),n=0;for(;n<e;){if(this.held.length===0){let{done:e,value:t}=await this.reader.read();if(e)break;this.held=t}let r=this.held.subarray(0,e-n);t.set(r,n),n+=r.length,this.held=this.held.subarray(r.length)}return t.subarray(0,n)}async cancel(){await this.reader.cancel().catch(()=>{})}},ft=new Set([`localhost`,`127.0.0.1`,`[::1]`]);function pt(e,t=location){let n=new URL(e,t.href);return ft.has(n.hostname)&&ft.has(t.hostname)&&n.port===t.port?n.pathname+n.search:n.href}var W=class extends j{constructor(...e){super(...e),this.export=``,this.again=!1,this.key=``,this.bytes=0,this.saved=!1,this.release=new M(this),this.opening=new M(this),this.link=``,this.once=oe()}disconnectedCallback(){super.disconnectedCallback(),this.key=``,this.zip=void 0,this.sealed=void 0}take(){this.release.start(async()=>{if(!this.key){let e=await C.api.post(`/v1/exports/${encodeURIComponent(this.export)}/release`,void 0,{idempotencyKey:this.once});this.key=e.key,this.link=e.link}this.sealed=await this.fetchSealed(),this.open()})}async fetchSealed(){let e=`/v1/exports/${encodeURIComponent(this.export)}/file`;this.link||=(await C.api.get(e)).link;let t=await fetch(pt(this.link),{credentials:`omit`,cache:`no-store`}).catch(()=>{throw ce()});if(!t.ok)throw this.link=``,new m(`link`,t.status,s(`release.link`));return t.blob()}open(){let e=this.sealed;e&&(this.zip=void 0,this.opening.start(async()=>{try{this.zip=await at(e,this.key,e=>{this.bytes=e})}catch(e){throw e instanceof U?new m(`archive-${e.code}`,0,``):e}}))}async openFiles(e){e.preventDefault();let t=new FormData(e.target),n=t.get(`archive`),r=t.get(`key-file`);r instanceof File&&(this.key=(await r.text()).trim(),this.release.start(async()=>{this.sealed=n instanceof File?n:await this.fetchSealed(),this.open()}))}render(){let e=this.export?s(`release.title`):s(`open.title`);return u`<kx-modal heading=${e} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <div class="stack">
        ${F(this.release.problem??this.opening.problem)}
        ${this.zip?this.opened(this.zip):this.opening.busy?this.progress():this.export&&!this.again?this.start():this.files()}
        ${this.key&&this.export&&!this.again?this.keyBox():d}
      </div></kx-modal>`}start(){return u`<p class="note warn">${s(`release.text`)}</p>
      <ol class="steps"><li>${s(`release.step.key`)}</li><li>${s(`release.step.file`)}</li><li>${s(`release.step.open`)}</li></ol>
      <div class="row end"><button type="button" class="button primary" id="release-go" ?disabled=${this.release.busy} @click=${()=>this.take()}>
        ${this.release.busy?u`<span class="spinner"></span>`:d}${s(this.key?`action.retry`:`release.go`)}</button></div>`}files(){return u`<form class="stack" @submit=${e=>void this.openFiles(e)}>
      <p>${s(this.again?`open.text.again`:`open.text`)}</p>
      ${this.again?d:u`<div class="field"><label for="open-archive">${s(`open.archive`)}</label><input id="open-archive" name="archive" type="file" accept=".kxa" required /></div>`}
      <div class="field"><label for="open-key">${s(`open.key`)}</label><input id="open-key" name="key-file" type="file" required /></div>
      <div class="row end"><button class="button primary">${s(`open.go`)}</button></div></form>`}progress(){let e=this.sealed?.size||1;return u`<p role="status"><span class="spinner"></span> ${s(`release.opening`)}</p>
      <progress max=${e} value=${this.bytes} aria-label=${s(`release.opening`)}></progress>`}opened(e){let t=this.export||`export`;return u`<div class="note ok" role="status" id="release-opened"><p><strong>${s(`release.opened`)}</strong></p>
        <p>${s(`release.opened.text`,{kb:Math.max(1,Math.round(e.size/1024))})}</p></div>
      <div class="row"><button type="button" class="button primary" id="release-zip" data-bytes=${e.size} @click=${()=>v(`${t}.zip`,e)}>${s(`release.save.zip`)}</button>
        ${this.export&&this.sealed?u`<button type="button" class="button" id="release-sealed" @click=${()=>v(`${t}.kxa`,this.sealed)}>${s(`release.save.sealed`)}</button>`:d}</div>
      <p class="help">${s(`release.verify`)} <code class="mono">kexin verify ${t}.zip --keys keys.json</code></p>`}keyBox(){return u`<div class="note info stack tight"><h3>${s(`release.key`)}</h3><p>${s(`release.key.text`)}</p>
      <div class="row"><button type="button" class="button small" id="release-key" @click=${()=>{v(`${this.export}.key`,`${this.key}\n`,`text/plain`),this.saved=!0}}>${s(`release.key.save`)}</button>
        ${this.saved?u`<span class="badge ok">${s(`release.key.saved`)}</span>`:d}</div>
      <p class="help"><code class="mono">kexin open ${this.export}.kxa --key-file ${this.export}.key</code></p></div>`}};y([g()],W.prototype,`export`,void 0),y([g({type:Boolean})],W.prototype,`again`,void 0),y([_()],W.prototype,`sealed`,void 0),y([_()],W.prototype,`key`,void 0),y([_()],W.prototype,`zip`,void 0),y([_()],W.prototype,`bytes`,void 0),y([_()],W.prototype,`saved`,void 0),W=y([h(`kx-release`)],W);var G=class extends j{constructor(...e){super(...e),this.ordering=!1,this.releasing=``,this.opening=!1,this.again=!1,this.list=new M(this),this.act=new M(this),this.attempt=new p,this.load=()=>{this.list.start(async()=>(await C.api.get(`/v1/exports`)).exports??[])}}connectedCallback(){super.connectedCallback(),this.load(),addEventListener(`kexin-job`,this.load)}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`kexin-job`,this.load)}revoke(e){this.act.start(async()=>{await C.api.post(`/v1/exports/${encodeURIComponent(e)}/revocations`,void 0,{idempotencyKey:this.attempt.keyFor([`revoke`,e])}),I(s(`exports.revoked`)),this.load()})}render(){return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.exports`)}</h1><p>${s(`exports.text`)}</p></div>
        <div class="row"><button type="button" class="button" id="export-refresh" @click=${this.load}>${s(`action.refresh`)}</button>
          <button type="button" class="button" id="export-open-file" @click=${()=>{this.opening=!0}}>${s(`open.title`)}</button>
          ${R(C.me?.role,`order`)?u`<button type="button" class="button primary" id="export-order" @click=${()=>{this.ordering=!0}}>${s(`exports.order`)}</button>`:d}</div></div>
      ${F(this.act.problem)}
      ${N(this.list,e=>e.length?this.table(e):P(s(`exports.none`),s(`exports.none.text`)),this.load)}
      ${this.ordering?u`<kx-order @closed=${()=>{this.ordering=!1}} @changed=${this.load}></kx-order>`:d}
      ${this.releasing||this.opening?u`<kx-release .export=${this.releasing} .again=${this.again} @closed=${()=>{this.releasing=``,this.opening=!1,this.again=!1,this.load()}}></kx-release>`:d}
    </section>`}table(e){return u`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.exports`)}</caption>
      <thead><tr><th scope="col">${s(`exports.export`)}</th><th scope="col">${s(`exports.why`)}</th><th scope="col">${s(`history.fields`)}</th>
        <th scope="col">${s(`exports.rows`)}</th><th scope="col">${s(`exports.state`)}</th><th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th></tr></thead>
      <tbody>${e.map(e=>this.row(e))}</tbody></table></div>`}row(e){let t=e.state===`requested`,n=e.state===`ready`,r=e.state===`released`,i=[`revoked`,`expired`,`void`,`refused`,`failed`].includes(e.state),a=n||r?`ok`:i?``:`warn`;return u`<tr data-export=${e.export} data-state=${e.state}>
      <th scope="row">${E(e.export)}<br /><span class="small muted">${f(e.created)}</span></th>
      <td data-label=${s(`exports.why`)}>${O(e.purpose)}<br /><span class="small muted">${Ee(e.reason)}</span></td>
      <td data-label=${s(`history.fields`)}>${(e.fields??[]).map(e=>x(C.policy,e)).join(s(`comma`))}</td>
      <td data-label=${s(`exports.rows`)}>${n||r?e.rows:`–`}</td>
      <td data-label=${s(`exports.state`)}><span class="badge ${a}">${c(`export`,e.state)}</span>
        ${t&&e.approval?u`<br /><span class="small muted">${s(`exports.waits`)} ${E(e.approval)}</span>`:d}
        ${e.expires&&(n||r)?u`<br /><span class="small muted">${s(`exports.until`,{at:f(e.expires)})}</span>`:d}</td>
      <td><div class="row">
        ${n?u`<button type="button" class="button primary small" data-release @click=${()=>{this.releasing=e.export}}>${s(`release.open`)}</button>`:d}
        ${r?u`<button type="button" class="button small" data-again @click=${()=>{this.releasing=e.export,this.again=!0}}>${s(`release.again`)}</button>`:d}
        ${!i&&R(C.me?.role,`revoke`)?u`<button type="button" class="button danger small" data-revoke ?disabled=${this.act.busy} @click=${()=>this.revoke(e.export)}>${s(`exports.revoke`)}</button>`:d}
      </div></td></tr>`}};y([_()],G.prototype,`ordering`,void 0),y([_()],G.prototype,`releasing`,void 0),y([_()],G.prototype,`opening`,void 0),y([_()],G.prototype,`again`,void 0),G=y([h(`kx-exports`)],G);var K=class extends j{constructor(...e){super(...e),this.form=C.policy?.forms[0]?.id??`service`,this.read=!1,this.script=``,this.customer=``,this.details=new M(this),this.send=async(e,t)=>{if(!this.read||!this.script.trim())throw new m(`invalid-field`,422,``,[{field:`evidence.script`,code:`evidence-required`,message:``}]);let n={form:this.form,...e,evidence:{script:this.script.trim()}},r=await C.api.post(`/v1/customers`,n,{idempotencyKey:t});return this.customer=r.customer,this.read=!1,{submission:r.customer,received:``,refused:r.refused}}}connectedCallback(){super.connectedCallback(),this.choose(this.form)}choose(e){this.form=e,this.read=!1,this.customer=``,this.details.start(async()=>{let t=await C.api.get(`/v1/forms/${encodeURIComponent(e)}`);return this.script=t.notice.script??``,t})}render(){let e=C.policy?.forms??[];return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.new`)}</h1><p>${s(`new.text`)}</p></div></div>
      ${e.length>1?u`<div class="panel filters"><div class="field"><label for="new-form">${s(`new.form`)}</label>
        <select id="new-form" @change=${e=>this.choose(e.target.value)}>${A(e,this.form)}</select></div></div>`:d}
      <kexin-form staff form=${this.form} .sender=${this.send}>
        <div slot="evidence" class="stack tight evidence">
          <label class="choice" for="script-read"><input type="checkbox" id="script-read" .checked=${this.read}
            @change=${e=>{this.read=e.target.checked}} /><span>${s(`new.read`)}</span></label>
          <div class="field"><label for="script">${s(`new.script`)}</label>
            <input id="script" class="mono" autocomplete="off" spellcheck="false" .value=${this.script}
              @input=${e=>{this.script=e.target.value}} aria-describedby="script-help" />
            <span class="help" id="script-help">${s(`new.script.help`)}</span></div>
        </div>
        ${this.customer?u`<a slot="after" class="button primary" href="#/customers/${this.customer}">${s(`new.open`)}</a>`:d}
      </kexin-form>
    </section>`}};y([_()],K.prototype,`form`,void 0),y([_()],K.prototype,`read`,void 0),y([_()],K.prototype,`script`,void 0),y([_()],K.prototype,`customer`,void 0),K=y([h(`kx-new`)],K);var q=class extends j{constructor(...e){super(...e),this.list=[],this.into={},this.refusing=``,this.reason=``,this.page=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load(``)}load(e){this.page.start(async()=>{let t=await C.api.get(`/v1/pending${e?`?cursor=${encodeURIComponent(e)}`:``}`);return this.list=e?[...this.list,...t.pending??[]]:t.pending??[],t})}send(e,t,n,r){let i=e.card.customer;this.act.start(async()=>{await C.api.post(`/v1/pending/${encodeURIComponent(i)}/${t}`,n,{idempotencyKey:this.attempt.keyFor([i,t,n])}),I(r),this.list=this.list.filter(t=>t!==e),this.refusing=``})}chosen(e){return this.into[e.card.customer]??e.matches?.[0]?.customer??``}render(){return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.pending`)}</h1><p>${s(`pending.text`)}</p></div></div>
      ${F(this.act.problem)}
      ${N(this.page,e=>u`
        ${this.list.length===0?P(s(`pending.none`),s(`pending.none.text`)):this.list.map(e=>this.one(e))}
        ${e.next?u`<button type="button" class="button" @click=${()=>this.load(e.next)}>${s(`pager.more`)}</button>`:d}`,()=>this.load(``))}
    </section>`}one(e){let t=e.card.customer,n=e.matches??[],r=n.find(t=>t.customer===this.chosen(e));return u`<article class="panel stack" data-pending=${t} aria-label="${s(`pending.new`)} ${we(e.card)}">
      <p class="row"><span class="badge">${c(`channel`,e.channel??``,``)}</span>
        <span class="muted">${s(`pending.received`,{at:f(e.received)})} · ${s(`pending.until`,{day:se(e.deadline)})}</span></p>
      ${n.length>1?u`<div class="field"><label for="into-${t}">${s(`pending.choose`)}</label>
        <select id="into-${t}" @change=${e=>{this.into={...this.into,[t]:e.target.value}}}>
          ${n.map(e=>u`<option value=${e.customer} .selected=${e.customer===r?.customer}>${we(e)} ${e.customer}</option>`)}</select></div>`:d}
      ${mt(e.card,r)}
      ${this.refusing===t?this.refusal(e):u`<div class="row">
        <button type="button" class="button primary" data-merge ?disabled=${!r||this.act.busy}
          @click=${()=>this.send(e,`merge`,{into:r.customer,version:r.version},s(`pending.merged`))}>${s(`pending.merge`)}</button>
        <button type="button" class="button danger" data-refuse ?disabled=${this.act.busy} @click=${()=>{this.refusing=t,this.reason=``}}>${s(`pending.refuse`)}</button></div>`}
    </article>`}refusal(e){return u`<div class="stack"><div class="field"><label for="refuse-reason">${s(`reason`)}</label>
        <select id="refuse-reason" @change=${e=>{this.reason=e.target.value}}>
          ${A(C.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
      <p class="help">${s(`pending.refuse.text`)}</p>
      <div class="row"><button type="button" class="button" @click=${()=>{this.refusing=``}}>${s(`action.cancel`)}</button>
        <button type="button" class="button danger" ?disabled=${!this.reason||this.act.busy}
          @click=${()=>this.send(e,`refuse`,{reason:this.reason},s(`pending.refused`))}>${s(`pending.refuse`)}</button></div></div>`}};y([_()],q.prototype,`list`,void 0),y([_()],q.prototype,`into`,void 0),y([_()],q.prototype,`refusing`,void 0),y([_()],q.prototype,`reason`,void 0),q=y([h(`kx-pending`)],q);function mt(e,t){let n=[...new Set([...Object.keys(e.fields??{}),...Object.keys(t?.fields??{})])],r=(e,t)=>e?.fields?.[t]?.value??e?.fields?.[t]?.masked;return u`<div class="scroll"><table><caption class="visually-hidden">${s(`pending.compare`)}</caption>
    <thead><tr><th scope="col">${s(`record.field`)}</th><th scope="col">${s(`pending.new`)}</th><th scope="col">${s(`pending.known`)}</th></tr></thead>
    <tbody>
      <tr><th scope="row">${s(`card.customer`)}</th><td>${E(e.customer)} ${T(e.state)}</td>
        <td>${t?u`<a href="#/customers/${t.customer}">${E(t.customer)}</a> ${T(t.state)}`:`–`}</td></tr>
      <tr><th scope="row">${s(`card.kind`)}</th><td>${c(`kind`,e.kind)}</td><td>${t?c(`kind`,t.kind):`–`}</td></tr>
      <tr><th scope="row">${s(`card.department`)}</th><td>${D(e.department)}</td><td>${D(t?.department)}</td></tr>
      ${n.map(n=>{let i=r(e,n)!==void 0&&r(e,n)===r(t,n);return u`<tr><th scope="row">${x(C.policy,n)} ${w((e.fields[n]??t?.fields[n]).level)}</th>
          <td>${Ce(e.fields[n])}</td><td>${Ce(t?.fields[n])} ${i?u`<span class="badge ok">${s(`pending.same`)}</span>`:d}</td></tr>`})}
    </tbody></table></div>`}var J=class extends j{constructor(...e){super(...e),this.act=new M(this),this.attempt=new p}change(e,t,n,r){let{customer:i,version:a}=this.record;this.act.start(async()=>{await C.api.ask(`/v1/customers/${encodeURIComponent(i)}${t}`,{method:e,body:n,ifMatch:a,idempotencyKey:e===`POST`?this.attempt.keyFor([t,a,n]):void 0}),this.attempt.done(),I(r),this.tell(`changed`),this.tell(`closed`)})}tell(e){this.dispatchEvent(new CustomEvent(e))}trouble(){return this.act.problem?.kind!==`precondition-failed`&&this.act.problem?.status!==412?F(this.act.problem):u`<div role="alert"><div class="note warn stack tight" id="stale"><p><strong>${s(`stale.title`)}</strong></p><p>${s(`stale.text`)}</p>
      <div><button type="button" class="button small" id="stale-reload" @click=${()=>{this.act.clear(),this.tell(`changed`)}}>${s(`stale.reload`)}</button></div></div></div>`}buttons(e,t={}){return u`<div class="row end"><button type="button" class="button" @click=${()=>this.tell(`closed`)}>${s(`action.cancel`)}</button>
      <button class="button ${t.danger?`danger`:`primary`}" data-confirm ?disabled=${this.act.busy||t.disabled}>
        ${this.act.busy?u`<span class="spinner"></span>`:d}${e}</button></div>`}};y([g({attribute:!1})],J.prototype,`record`,void 0);var ht=class extends J{constructor(...e){super(...e),this.reason=``,this.typed=``}send(e){e.preventDefault(),Ge(this.record.customer),this.change(`POST`,`/destructions`,{reason:this.reason},s(`destroy.done`))}render(){let e=this.record.customer.slice(-4);return u`<kx-modal heading=${s(`destroy.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note danger">${s(`destroy.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="destroy-reason">${s(`reason`)}</label>
          <select id="destroy-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${A(C.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
        <div class="field"><label for="destroy-typed">${s(`destroy.type`,{end:e})}</label>
          <input id="destroy-typed" class="mono" autocomplete="off" spellcheck="false" .value=${this.typed}
            @input=${e=>{this.typed=e.target.value}} /></div>
        ${this.buttons(s(`destroy.go`),{danger:!0,disabled:!this.reason||this.typed.trim()!==e})}
      </form></kx-modal>`}};y([_()],ht.prototype,`reason`,void 0),y([_()],ht.prototype,`typed`,void 0),ht=y([h(`kx-destroy`)],ht);var Y=class extends J{constructor(...e){super(...e),this.purpose=``,this.typed={},this.removed={}}fields(){let e=[...Object.keys(this.record.fields),...this.record.hidden??[]],t=S(C.policy),n=(C.policy?.fields??[]).filter(n=>e.includes(n.name)&&!t.includes(n));return[...t,...n].filter(e=>(!e.kinds?.length||e.kinds.includes(this.record.kind))&&(!e.purposes?.length||e.purposes.includes(this.purpose)))}changes(){let e={};for(let{name:t}of this.fields()){let n=this.typed[t];this.removed[t]?e[t]=null:n!==void 0&&n.trim()!==``&&n!==this.record.fields[t]?.value&&(e[t]=n.trim())}return e}save(e){e.preventDefault(),this.change(`PATCH`,``,{purpose:this.purpose,fields:this.changes()},s(`edit.done`))}render(){return u`<kx-modal heading=${s(`edit.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.save(e)}>
        <p class="help">${s(`edit.text`)}</p>
        ${this.trouble()}
        ${this.fields().map(e=>this.row(e))}
        ${this.buttons(s(`edit.save`),{disabled:Object.keys(this.changes()).length===0})}
      </form></kx-modal>`}row(e){let{name:t}=e,n=this.record.fields[t],r=this.act.problem?.at(`fields.${t}`),i=this.typed[t]??n?.value??``,a=e=>{this.typed={...this.typed,[t]:e.target.value}},o=`edit-${t}-help`;return u`<div class="field"><label for="edit-${t}">${l(e.title)} ${w(e.level)}</label>
      ${e.options?.length?u`<select id="edit-${t}" ?disabled=${this.removed[t]} @change=${a} aria-describedby=${o}>
            <option value="" .selected=${i===``}>${s(`form.choose`)}</option>
            ${e.options.map(e=>u`<option value=${e.value} .selected=${e.value===i}>${l(e.title)}</option>`)}</select>`:u`<input id="edit-${t}" .value=${i} autocomplete="off" spellcheck="false" ?disabled=${this.removed[t]}
            aria-invalid=${r?`true`:`false`} @input=${a} aria-describedby=${o} />`}
      <span id=${o}>${n?.masked?u`<span class="help">${s(`edit.masked`,{mask:n.masked})}</span>`:d}
        ${r?u`<span class="error">${ie(r)}</span>`:d}</span>
      ${n&&!e.required?u`<label class="choice small"><input type="checkbox" .checked=${this.removed[t]===!0}
        @change=${e=>{this.removed={...this.removed,[t]:e.target.checked}}} /><span>${s(`edit.remove`)}</span></label>`:d}
    </div>`}};y([g()],Y.prototype,`purpose`,void 0),y([_()],Y.prototype,`typed`,void 0),y([_()],Y.prototype,`removed`,void 0),Y=y([h(`kx-edit`)],Y);var gt=class extends J{constructor(...e){super(...e),this.reason=``}send(e){e.preventDefault();let t=!this.record.held;this.change(`POST`,`/holds`,{place:t,reason:this.reason},s(t?`hold.placed`:`hold.lifted`))}render(){let e=this.record.held;return u`<kx-modal heading=${s(e?`hold.lift`:`hold.place`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p>${s(e?`hold.lift.text`:`hold.place.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="hold-reason">${s(`reason`)}</label>
          <select id="hold-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${A(C.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
        ${this.buttons(s(e?`hold.lift`:`hold.place`),{disabled:!this.reason})}
      </form></kx-modal>`}};y([_()],gt.prototype,`reason`,void 0),gt=y([h(`kx-hold`)],gt);var X=class extends j{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.field=``,this.level=``,this.reason=``,this.note=``,this.approval=``,this.left=0,this.seconds=0,this.over=!1,this.request=new M(this),this.attempt=new p,this.stop=()=>{}}willUpdate(e){e.has(`field`)&&(this.approval=sessionStorage.getItem(this.stored)??``)}disconnectedCallback(){super.disconnectedCallback(),this.forget()}get stored(){return`kexin.approval.${this.customer}.${this.purpose}.${this.field}`}ask(e){e.preventDefault(),this.over=!1,this.request.start(async()=>{let e={field:this.field,purpose:this.purpose,reason:this.reason,...this.note.trim()?{note:this.note.trim()}:{},...this.approval?{approval:this.approval}:{}},t=await C.api.post(`/v1/customers/${encodeURIComponent(this.customer)}/reveals`,e,{idempotencyKey:this.attempt.keyFor(e)});return this.attempt.done(),this.take(t),{}})}take(e){e.value===void 0?(this.approval=e.approval??``,sessionStorage.setItem(this.stored,this.approval)):(sessionStorage.removeItem(this.stored),this.approval=``,this.value=e.value,this.seconds=e.seconds??30,this.stop(),this.stop=ae(this.seconds,e=>{this.left=e,e<=0&&this.forget()}))}forget(){this.stop(),this.value!==void 0&&(this.over=!0),this.value=void 0,this.left=0}render(){return u`<kx-modal heading=${s(`reveal.title`,{field:x(C.policy,this.field)})} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      ${this.value===void 0?this.form():this.secret()}</kx-modal>`}secret(){return u`<div class="secret" id="revealed">
      <output id="reveal-value">${this.value}</output>
      <div class="timer"><progress max=${this.seconds} value=${this.left} aria-label=${s(`reveal.left`)}></progress><span id="reveal-left">${le(this.left)}</span></div>
      <p class="small">${s(`reveal.shown`,{seconds:this.seconds})}</p>
      <div><button type="button" class="button" id="reveal-hide" @click=${()=>this.forget()}>${s(`reveal.hide`)}</button></div></div>`}form(){return u`<form class="stack" @submit=${e=>this.ask(e)}>
      ${this.over?u`<p class="note info" role="status" id="reveal-over">${s(`reveal.over`)}</p>`:d}
      <p>${w(this.level)} <span class="muted">${s(`record.purpose`)}${s(`colon`)}${O(this.purpose)}</span></p>
      <p class="help">${s(this.level===`L3`?`reveal.text.approval`:`reveal.text`)}</p>
      ${F(this.request.problem)}
      ${this.approval?this.waiting():d}
      <div class="field"><label for="reveal-reason">${s(`reason`)}</label>
        <select id="reveal-reason" required @change=${e=>{this.reason=e.target.value}}>
          ${A(C.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
      <div class="field"><label for="reveal-note">${s(`note`)} <span class="muted">${s(`optional`)}</span></label>
        <textarea id="reveal-note" maxlength="500" .value=${this.note} aria-describedby="reveal-note-help"
          @input=${e=>{this.note=e.target.value}}></textarea>
        <span class="help" id="reveal-note-help">${s(`note.help`)}</span></div>
      <div class="row end"><button class="button primary" id="reveal-go" ?disabled=${this.request.busy||!this.reason}>
        ${s(this.approval?`reveal.again`:this.level===`L3`?`reveal.request`:`reveal.go`)}</button></div>
    </form>`}waiting(){return u`<div class="note warn" role="status" id="reveal-waiting"><p><strong>${s(`reveal.waiting`)}</strong></p>
      <p>${s(`reveal.waiting.text`)}</p><p class="mono" id="reveal-approval">${this.approval}</p></div>`}};y([g()],X.prototype,`customer`,void 0),y([g()],X.prototype,`purpose`,void 0),y([g()],X.prototype,`field`,void 0),y([g()],X.prototype,`level`,void 0),y([_()],X.prototype,`reason`,void 0),y([_()],X.prototype,`note`,void 0),y([_()],X.prototype,`approval`,void 0),y([_()],X.prototype,`value`,void 0),y([_()],X.prototype,`left`,void 0),y([_()],X.prototype,`seconds`,void 0),y([_()],X.prototype,`over`,void 0),X=y([h(`kx-reveal`)],X);var Z=class extends J{constructor(...e){super(...e),this.purposes=[],this.names=[],this.channel=C.policy?.channels.find(e=>!e.public)?.id??``}given(){return(this.record.consents??[]).filter(({live:e})=>e).map(({purpose:e})=>e)}separate(){let e=new Set([...Object.keys(this.record.fields??{}),...this.record.hidden??[]]);return(C.policy?.fields??[]).filter(t=>t.separate_consent&&e.has(t.name)).map(e=>e.name)}send(e){e.preventDefault(),this.change(`POST`,`/withdrawals`,{purposes:this.purposes,fields:this.names,channel:this.channel},s(`withdraw.done`))}render(){let e=(e,t,n,r)=>u`<label class="choice"><input type="checkbox" value=${e}
      .checked=${n.includes(e)} @change=${t=>r(t.target.checked?[...n,e]:n.filter(t=>t!==e))} />
      <span>${t}</span></label>`;return u`<kx-modal heading=${s(`withdraw.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note warn">${s(`withdraw.text`)}</p>
        ${this.trouble()}
        <fieldset class="checks"><legend>${s(`withdraw.purposes`)}</legend>
          ${this.given().map(t=>e(t,O(t),this.purposes,e=>{this.purposes=e}))}
          ${this.given().length?d:u`<p class="muted">${s(`withdraw.none`)}</p>`}</fieldset>
        ${this.separate().length?u`<fieldset class="checks"><legend>${s(`withdraw.fields`)}</legend>
          ${this.separate().map(t=>e(t,x(C.policy,t),this.names,e=>{this.names=e}))}</fieldset>`:d}
        <div class="field"><label for="withdraw-channel">${s(`withdraw.channel`)}</label>
          <select id="withdraw-channel" @change=${e=>{this.channel=e.target.value}}>
            ${A(C.policy?.channels,this.channel)}</select></div>
        ${this.buttons(s(`withdraw.go`),{danger:!0,disabled:this.purposes.length+this.names.length===0})}
      </form></kx-modal>`}};y([_()],Z.prototype,`purposes`,void 0),y([_()],Z.prototype,`names`,void 0),y([_()],Z.prototype,`channel`,void 0),Z=y([h(`kx-withdraw`)],Z);var Q=class extends j{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.act=``,this.revealing=``,this.tab=`data`,this.record=new M(this),this.close=()=>{this.act=``,this.revealing=``},this.changed=()=>this.load()}willUpdate(e){e.has(`customer`)&&(this.act=``,this.revealing=``,this.tab=`data`,this.record.clear(),this.purpose||=ve(C.policy),this.load())}load(){this.record.start(async()=>{let e=`/v1/customers/${encodeURIComponent(this.customer)}?purpose=${encodeURIComponent(this.purpose)}`,t=await C.api.ask(e);return{...t.data,version:t.version??t.data.version}})}choosePurpose(e){this.purpose=e,this.record.clear(),this.load()}render(){return u`<section class="stack">
      <p class="no-print"><a href="#/customers">← ${s(`nav.customers`)}</a></p>
      <div class="heading"><div><h1>${s(`record.title`)} ${E(this.customer)}</h1><p>${s(`record.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>print()}>${s(`record.print`)}</button></div></div>
      <div class="panel filters no-print">
        <div class="field"><label for="purpose">${s(`record.purpose`)}</label>
          <select id="purpose" aria-describedby="purpose-help" @change=${e=>this.choosePurpose(e.target.value)}>
            ${A(_e(C.policy),this.purpose)}</select></div>
        <p class="help" id="purpose-help">${s(`record.purpose.help`)}</p>
      </div>
      ${this.tabs()}
      ${this.tab===`history`?u`<kx-history .customer=${this.customer}></kx-history>`:N(this.record,e=>this.card(e),()=>this.load())}
    </section>`}tabs(){if(!R(C.me?.role,`history`))return d;let e=e=>u`<button type="button" role="tab" id="tab-${e}" aria-selected=${this.tab===e}
      @click=${()=>{this.tab=e}}>${s(`record.tab.${e}`)}</button>`;return u`<div class="tabs" role="tablist" aria-label=${s(`record.title`)}>${e(`data`)}${e(`history`)}</div>`}card(e){return u`<div class="stack" id="card">
      ${this.facts(e)}
      ${this.fields(e)}
      ${this.consents(e)}
      ${this.actions(e)}
      <p class="print-only">${s(`record.printed`,{name:C.me?.name??``,time:f(Date.now()/1e3)})}</p>
      ${this.dialogs(e)}
    </div>`}facts(e){let t=(e,t)=>u`<div><dt>${e}</dt><dd>${t}</dd></div>`;return u`<div class="panel"><dl class="facts">
      ${t(s(`card.state`),u`${T(e.state)} ${e.held?u`<span class="badge info">${s(`record.held`)}</span>`:d}`)}
      ${t(s(`card.kind`),c(`kind`,e.kind))}
      ${e.stage?t(s(`record.stage`),c(`stage`,e.stage)):d}
      ${t(s(`card.department`),D(e.department))}
      ${t(s(`record.owner`),e.owner?E(e.owner):s(`record.owner.none`))}
      ${t(s(`record.purpose`),O(e.purpose))}
      ${t(s(`record.deadline`),se(e.deadline))}
      ${t(s(`record.version`),String(e.version))}
    </dl></div>`}fields(e){let t=S(C.policy).map(({name:e})=>e),n=Object.keys(e.fields??{}).sort((e,n)=>t.indexOf(e)-t.indexOf(n)),r=(e.hidden??[]).filter(e=>!n.includes(e));return n.length+r.length===0?u`<div class="panel state"><h2>${s(`record.none`)}</h2><p>${s(`record.none.text`)}</p></div>`:u`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`record.tab.data`)}</caption>
      <thead><tr><th scope="col">${s(`record.field`)}</th><th scope="col">${s(`record.value`)}</th><th scope="col">${s(`record.level`)}</th>
        <th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th></tr></thead>
      <tbody>
        ${n.map(t=>u`<tr data-field=${t}><th scope="row">${x(C.policy,t)}</th><td>${Ce(e.fields[t])}</td>
          <td>${w(e.fields[t].level)}</td><td>${e.fields[t].value===void 0?this.revealButton(t):d}</td></tr>`)}
        ${r.map(e=>u`<tr data-field=${e}><th scope="row">${x(C.policy,e)}</th><td class="muted">${s(`record.hidden`)}</td>
          <td>${w(this.levelOf(e))}</td><td>${this.revealButton(e)}</td></tr>`)}
      </tbody></table></div>`}revealButton(e){return u`<button type="button" class="button small" data-reveal=${e} @click=${()=>{this.revealing=e}}>${s(`reveal.open`)}<span
      class="visually-hidden"> ${x(C.policy,e)}</span></button>`}levelOf(e){return C.policy?.fields.find(t=>t.name===e)?.level??`L3`}consents(e){let t=e.consents??[];return t.length===0?d:u`<div class="panel stack tight"><h2>${s(`record.consents`)}</h2><ul class="card-fields">${t.map(({purpose:e,live:t})=>u`
      <li><span class="badge ${t?`ok`:``}">${s(t?`consent.given`:`consent.none`)}</span> ${O(e)}</li>`)}</ul></div>`}actions(e){let t=C.me?.role,n=(e,t,n=``)=>u`<button type="button" class="button ${n}" id="act-${e}" @click=${()=>{this.act=e}}>${t}</button>`;return u`<div class="row actions no-print">
      ${R(t,`edit`)?n(`edit`,s(`edit.open`)):d}
      ${R(t,`withdraw`)?n(`withdraw`,s(`withdraw.open`)):d}
      ${R(t,`hold`)?n(`hold`,s(e.held?`hold.lift`:`hold.place`)):d}
      ${R(t,`destroy`)?n(`destroy`,s(`destroy.open`),`danger`):d}
    </div>`}dialogs(e){return u`
      ${this.revealing?u`<kx-reveal .customer=${this.customer} .purpose=${this.purpose} .field=${this.revealing}
        .level=${e.fields[this.revealing]?.level??this.levelOf(this.revealing)} @closed=${this.close}></kx-reveal>`:d}
      ${this.act===`edit`?u`<kx-edit .record=${e} .purpose=${this.purpose} @changed=${this.changed} @closed=${this.close}></kx-edit>`:d}
      ${this.act===`withdraw`?u`<kx-withdraw .record=${e} @changed=${this.changed} @closed=${this.close}></kx-withdraw>`:d}
      ${this.act===`hold`?u`<kx-hold .record=${e} @changed=${this.changed} @closed=${this.close}></kx-hold>`:d}
      ${this.act===`destroy`?u`<kx-destroy .record=${e} @changed=${this.changed} @closed=${this.close}></kx-destroy>`:d}`}};y([g()],Q.prototype,`customer`,void 0),y([_()],Q.prototype,`purpose`,void 0),y([_()],Q.prototype,`act`,void 0),y([_()],Q.prototype,`revealing`,void 0),y([_()],Q.prototype,`tab`,void 0),Q=y([h(`kx-record`)],Q);var _t=[`nda`,`training`,`vetting`],vt=Array.from({length:22},(e,t)=>`R${t+2}`),yt=class extends j{constructor(...e){super(...e),this.list=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load()}load(){this.list.start(async()=>(await C.api.get(`/v1/staff`)).staff??[])}open(e){this.act.clear(),this.edited=e}send(e){e.preventDefault();let t=new FormData(e.target),n=e=>String(t.get(e)??``).trim(),r={name:n(`name`),role:n(`role`),title:{zh:n(`title_zh`),en:n(`title_en`)},department:n(`department`),active:t.get(`active`)===`on`};for(let e of _t)n(e)&&(r[e]=n(e));for(let e of[`issuer`,`subject`])n(e)&&(r[e]=n(e));this.edited?.staff&&(r.staff=this.edited.staff),this.act.start(async()=>{let{approval:e}=await C.api.post(`/v1/staff/changes`,r,{idempotencyKey:this.attempt.keyFor(r)});this.attempt.done(),I(s(`staff.sent`,{approval:e})),this.edited=void 0})}render(){let e=R(C.me?.role,`register`);return u`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.staff`)}</h1><p>${s(`staff.text`)}</p></div>
        ${e?u`<div class="row"><button type="button" class="button primary" id="staff-add" @click=${()=>this.open({active:!0})}>${s(`staff.add`)}</button></div>`:d}</div>
      ${N(this.list,t=>t.length?this.table(t,e):P(s(`staff.empty`)),()=>this.load())}
      ${this.edited?this.dialog(this.edited):d}
    </section>`}table(e,t){return u`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.staff`)}</caption>
      <thead><tr><th scope="col">${s(`staff.name`)}</th><th scope="col">${s(`staff.role`)}</th><th scope="col">${s(`card.department`)}</th>
        ${_t.map(e=>u`<th scope="col">${s(`staff.${e}`)}</th>`)}<th scope="col">${s(`staff.active`)}</th>
        ${t?u`<th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th>`:d}</tr></thead>
      <tbody>${e.map(e=>u`<tr>
        <th scope="row">${e.name}<br />${E(e.staff)}</th>
        <td data-label=${s(`staff.role`)}>${k(e.role,e.title)} <span class="badge">${e.role}</span></td>
        <td data-label=${s(`card.department`)}>${D(e.department)}</td>
        ${_t.map(t=>u`<td data-label=${s(`staff.${t}`)}>${De(e[t])}</td>`)}
        <td data-label=${s(`staff.active`)}><span class="badge ${e.active?`ok`:`danger`}">${s(e.active?`yes`:`no`)}</span></td>
        ${t?u`<td><button type="button" class="button small" @click=${()=>this.open(e)}>${s(`staff.change`)}<span class="visually-hidden"> ${e.name}</span></button></td>`:d}
      </tr>`)}</tbody></table></div>`}dialog(e){let t=(e,t,n={})=>{let r=this.act.problem?.at(e);return u`<div class="field"><label for="staff-${e}">${s(`staff.${e}`)}</label>
        <input id="staff-${e}" name=${e} type=${n.type??`text`} .value=${t} ?required=${n.required} autocomplete="off" aria-invalid=${r?`true`:`false`} />
        ${r?u`<span class="error">${ie(r)}</span>`:d}</div>`};return u`<kx-modal heading=${s(e.staff?`staff.change`:`staff.add`)} @closed=${()=>{this.edited=void 0}}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note info">${s(`staff.change.text`)}</p>
        ${F(this.act.problem)}
        <div class="split">
          ${t(`name`,e.name??``,{required:!0})}
          <div class="field"><label for="staff-role">${s(`staff.role`)}</label><select id="staff-role" name="role" required>
            ${vt.map(t=>u`<option value=${t} .selected=${t===e.role}>${t} ${k(t)}</option>`)}</select></div>
          ${t(`title_zh`,e.title?.zh??``)}${t(`title_en`,e.title?.en??``)}
          <div class="field"><label for="staff-department">${s(`card.department`)}</label><select id="staff-department" name="department" required>
            ${A(C.policy?.departments,e.department??``)}</select></div>
          ${_t.map(n=>t(n,bt(e[n]),{type:`date`}))}
          ${t(`issuer`,``,{required:!e.staff})}${t(`subject`,``,{required:!e.staff})}
        </div>
        <label class="choice"><input type="checkbox" name="active" .checked=${e.active??!0} /><span>${s(`staff.active.text`)}</span></label>
        <div class="row end"><button type="button" class="button" @click=${()=>{this.edited=void 0}}>${s(`action.cancel`)}</button>
          <button class="button primary" ?disabled=${this.act.busy}>${s(`staff.send`)}</button></div>
      </form></kx-modal>`}};y([_()],yt.prototype,`edited`,void 0),yt=y([h(`kx-staff`)],yt);function bt(e){let t=ue(e);return t?new Date(t.getTime()-1e3).toISOString().slice(0,10):``}var $=class extends j{constructor(...e){super(...e),this.hash=location.hash,this.resuming=!!C.token}connectedCallback(){super.connectedCallback(),C.onChange(()=>this.requestUpdate()),addEventListener(`hashchange`,()=>this.moved()),C.resume().catch(()=>{}).finally(()=>{this.resuming=!1})}async moved(){this.hash=location.hash,await this.updateComplete,this.querySelector(`main`)?.focus(),scrollTo(0,0)}render(){return this.resuming?u`<main class="door-page" role="status"><p><span class="spinner"></span> ${s(`state.loading`)}</p></main>`:C.me?this.inside():this.outside()}updated(){this.querySelector(`nav [aria-current]`)?.scrollIntoView?.({block:`nearest`,inline:`nearest`})}outside(){return n(s(`page.console`)),u`<div class="page">
      <header class="bar">${i(s(`page.console.sub`))}<div class="tools">${t()}${e(()=>this.requestUpdate())}</div></header>
      <main class="door-page"><kx-sign-in></kx-sign-in></main></div>`}inside(){let r=C.me,[a,o]=this.place();return n(s(`nav.${a}`)),u`<a class="button skip" href="#main" @click=${e=>this.skip(e)}>${s(`skip`)}</a>
      <div class="console">
        <header class="bar">${i(s(`page.console.sub`))}
          <div class="tools">
            <div class="who"><strong>${r.name}</strong><small>${[...new Set([k(r.role,r.title),D(r.department)])].join(` · `)}</small></div>
            ${t()}${e(()=>this.requestUpdate())}
            <button type="button" class="button small" id="sign-out" @click=${()=>C.signOut()}>${s(`sign-out`)}</button>
          </div>
        </header>
        <kx-demo></kx-demo>
        <nav aria-label=${s(`nav`)}><ul>${Re(r.role).map(e=>u`
          <li><a href="#/${e}" aria-current=${e===a?`page`:d}>${s(`nav.${e}`)}</a></li>`)}</ul></nav>
        <main id="main" tabindex="-1">${this.view(a,o)}</main>
      </div>`}skip(e){e.preventDefault(),this.querySelector(`main`)?.focus()}place(){let[,e=``,t=``]=this.hash.split(`/`),n=Re(C.me.role)[0]??`customers`;return[e||n,decodeURIComponent(t)]}view(e,t){let n={customers:()=>t?u`<kx-record .customer=${t}></kx-record>`:u`<kx-customers></kx-customers>`,new:()=>u`<kx-new></kx-new>`,pending:()=>u`<kx-pending></kx-pending>`,exports:()=>u`<kx-exports></kx-exports>`,approvals:()=>u`<kx-approvals></kx-approvals>`,staff:()=>u`<kx-staff></kx-staff>`,audit:()=>u`<kx-audit .customer=${t}></kx-audit>`,certificates:()=>u`<kx-certificates .customer=${t}></kx-certificates>`};return Re(C.me.role).length===0?this.nothingToDo():(n[e]??n.customers)()}nothingToDo(){return u`<section><div class="panel state"><h1>${s(`nothing.title`)}</h1>
      <p>${s(`nothing.text`,{role:c(`role`,C.me.role)})}</p></div></section>`}};y([_()],$.prototype,`hash`,void 0),y([_()],$.prototype,`resuming`,void 0),$=y([h(`kexin-console`)],$),r(),ee(u`<kexin-console></kexin-console><kx-toasts></kx-toasts>`,document.body),o(()=>n(document.title.split(` · `)[0]??``));