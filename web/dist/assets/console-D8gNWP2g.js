import{a as e,i as t,n,o as r,s as i,t as a}from"./chrome-DFccnjFq.js";import{a as o,c as s,d as ee,f as c,h as te,l as ne,n as l,o as u,r as re,t as ie,u as d}from"./i18n-B92Jj7uF.js";import{a as f,c as p,d as m,f as ae,g as h,h as g,i as oe,l as se,m as _,n as v,o as ce,p as le,r as ue,s as de,t as y,u as fe}from"../embed/kexin-form.js";var pe=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function me(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return pe(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return pe(n,r,{get(){return a(this)}})}}function he(e){let t=e??{};return{pack:typeof t.pack==`string`?t.pack:String(t.pack?.id??``),purposes:b(t.purposes),fields:b(t.fields).map(e=>({...e,name:e.name??e.id})),reasons:ge(t.reasons),departments:ge(t.departments),levels:ge(t.levels),forms:b(t.forms),channels:b(t.channels)}}function ge(e){return b(e).map(e=>({id:String(e.id),title:e.title??e.label??e}))}function b(e){return Array.isArray(e)?e.map(e=>typeof e==`string`?{id:e,title:{zh:e,en:e}}:{...e,id:e.id??e.name??e.level??e.code??e.value}):!e||typeof e!=`object`?[]:Object.entries(e).map(([e,t])=>typeof t==`string`?{id:e,title:{zh:t,en:t}}:{...t,id:e})}function _e(e,t){return t?u(e?.find(e=>e.id===t)?.title)||t:`–`}function x(e,t){return u(e?.fields.find(e=>e.name===t)?.title)||t}function ve(e){let t=new Set(e?.fields.flatMap(e=>e.purposes??[]));return(e?.purposes??[]).filter(({id:e})=>t.size===0||t.has(e))}function ye(e){return[...e?.forms??[]].sort((e,t)=>t.fields.length-e.fields.length)[0]?.purposes.find(e=>e.mandatory)?.id??ve(e)[0]?.id??``}function be(e,t){return u(e?.levels.find(e=>e.id===t)?.title)||l(`level`,t)}var xe=`kexin.token`,Se=class{constructor(){this.token=Ce(),this.ended=!1,this.listeners=new Set,this.api=new fe(``,()=>this.token,()=>this.end())}onChange(e){this.listeners.add(e)}async signIn(e){this.token=e.trim(),this.ended=!1;try{this.me=await this.api.get(`/v1/me`),this.policy=he(await this.api.get(`/v1/policy`)),sessionStorage.setItem(xe,this.token)}catch(e){throw this.forget(),this.ended=!1,e}this.tell()}async resume(){this.token&&await this.signIn(this.token)}signOut(){this.forget(),this.ended=!1,this.tell()}end(){this.me&&(this.forget(),this.ended=!0,this.tell())}forget(){this.token=``,this.me=void 0,sessionStorage.clear()}tell(){for(let e of this.listeners)e()}};function Ce(){try{return sessionStorage.getItem(xe)??``}catch{return``}}var S=new Se;function C(e){return c`<span class="badge ${e}" title=${e}>${be(S.policy,e)}</span>`}function w(e){let t={live:`ok`,pending:`warn`,restricted:`info`}[e]??``;return c`<span class="badge ${t}">${l(`state`,e)}</span>`}function T(e){return c`<span class="mono nowrap" title=${e}>${e.length>14?`${e.slice(0,12)}…`:e}</span>`}function E(e){return e?e.value===void 0?e.masked?c`<span class="masked">${e.masked}<span class="visually-hidden"> ${s(`card.masked`)}</span></span>`:c`<span class="muted">–</span>`:c`<span class="value">${e.value}</span>`:c`<span class="muted">–</span>`}function we(e){for(let t of[`name`,`company_name`,`contact_person_name`]){let n=e.fields?.[t];if(n?.masked||n?.value)return n.value??n.masked??``}return s(`card.unnamed`)}function Te(e){let t=Object.keys(e.fields??{}).filter(e=>![`name`,`company_name`].includes(e));return c`<ul class="card-fields">${t.map(t=>c`<li><span class="muted">${x(S.policy,t)}</span> ${E(e.fields[t])}</li>`)}</ul>`}var D=e=>_e(S.policy?.departments,e),O=e=>_e(S.policy?.purposes,e),Ee=e=>e?_e(S.policy?.reasons,e):`–`;function k(e,t){return u(t)||l(`role`,e??``,`–`)}function A(e,t,n=``){return c`${n?c`<option value="" .selected=${t===``}>${n}</option>`:d}
    ${(e??[]).map(({id:e,title:n})=>c`<option value=${e} .selected=${e===t}>${u(n)}</option>`)}`}function De(e){return e?c`<span class="nowrap">${ce(e)}</span>`:c`<span class="badge danger">${s(`staff.none`)}</span>`}var j=class extends ne{constructor(){super(),new ie(this)}createRenderRoot(){return this}},M=class{constructor(e){this.host=e,this.state=`idle`,this.run=0}get busy(){return this.state===`busy`}async start(e){let t=++this.run;this.state=`busy`,this.problem=void 0,this.host.requestUpdate();try{let n=await e();return t===this.run?(this.value=n,this.state=`done`,n):void 0}catch(e){t===this.run&&(this.problem=e instanceof m?e:new m(`internal`,0,``),this.state=`failed`);return}finally{this.host.requestUpdate()}}clear(){this.run+=1,this.state=`idle`,this.value=void 0,this.problem=void 0,this.host.requestUpdate()}};function N(e,t,n){return e.state===`failed`?c`<div class="panel state" role="alert"><h2>${s(`state.failed`)}</h2>${Oe(e.problem)}
      <button type="button" class="button" @click=${n}>${s(`action.retry`)}</button></div>`:e.value===void 0?c`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:t(e.value)}function P(e,t=``){return c`<div class="panel state"><h2>${e}</h2>${t?c`<p>${t}</p>`:d}</div>`}function F(e){return c`<div role="alert">${e?c`<div class="note danger">${Oe(e)}</div>`:d}</div>`}function Oe(e){let t=e.faults.filter(e=>e.field!==``);return c`<p><strong>${e.text}</strong></p>
    ${t.length?c`<ul>${t.map(e=>c`<li><span class="mono">${e.field}</span>：${ae(e)}</li>`)}</ul>`:d}
    ${e.request?c`<p class="small muted">${s(`problem.request`,{id:e.request})}</p>`:d}`}var ke=()=>{},Ae=7e3;function I(e,t=`ok`){ke(e,t)}var je=class extends j{constructor(...e){super(...e),this.list=[],this.count=0}connectedCallback(){super.connectedCallback(),ke=(e,t)=>this.add(e,t)}add(e,t){let n=++this.count;this.list=[...this.list.slice(-3),{id:n,text:e,kind:t}],setTimeout(()=>this.drop(n),Ae)}drop(e){this.list=this.list.filter(t=>t.id!==e)}render(){return c`<div class="toasts" role="status" aria-live="polite">${this.list.map(e=>c`
      <div class="toast ${e.kind}"><span>${e.text}</span>
        <button type="button" class="button plain small" aria-label=${s(`action.close`)} @click=${()=>this.drop(e.id)}>×</button></div>`)}</div>`}};y([_()],je.prototype,`list`,void 0),je=y([h(`kx-toasts`)],je);var Me=[`P1D`,`P7D`,`P30D`,`P1Y`,`P3Y`,`P10Y`],Ne=[`accept-submissions`,`build-export`,`purge-expired`,`seal-audit`,`rotate-keys`],Pe=class extends j{constructor(...e){super(...e),this.clock=new M(this),this.job=new M(this)}connectedCallback(){super.connectedCallback(),this.clock.start(()=>S.api.get(`/dev/clock`))}advance(e){this.clock.start(async()=>{let t=await S.api.post(`/dev/clock`,{advance:e});return I(s(`demo.moved`,{now:f(t.now)})),t})}run(e){this.job.start(async()=>{try{let t=await S.api.post(`/dev/jobs/${e}`,{});I(`${l(`job`,e)}：${Fe(t)}`),this.dispatchEvent(new CustomEvent(`kexin-job`,{bubbles:!0}))}catch(t){I(`${l(`job`,e)}：${t instanceof m?t.text:s(`problem.internal`)}`,`danger`)}})}render(){return this.clock.value?c`<section class="demo no-print" aria-label=${s(`demo.title`)}>
      <strong>${s(`demo.title`)}</strong>
      <span>${s(`demo.clock`)} <time id="demo-clock">${f(this.clock.value.now)}</time></span>
      <div class="row"><label for="demo-step">${s(`demo.advance`)}</label>
        <select id="demo-step">${Me.map(e=>c`<option value=${e}>${l(`step`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-advance" ?disabled=${this.clock.busy}
          @click=${()=>this.advance(this.chosen(`demo-step`))}>${s(`demo.go`)}</button></div>
      <div class="row"><label for="demo-job">${s(`demo.job`)}</label>
        <select id="demo-job">${Ne.map(e=>c`<option value=${e}>${l(`job`,e)}</option>`)}</select>
        <button type="button" class="button small" id="demo-run" ?disabled=${this.job.busy}
          @click=${()=>this.run(this.chosen(`demo-job`))}>${s(`demo.run`)}</button></div>
    </section>`:d}chosen(e){return this.querySelector(`#${e}`).value}};Pe=y([h(`kx-demo`)],Pe);function Fe(e){if(!e||typeof e!=`object`)return s(`demo.done`);let t=Object.entries(e).filter(([,e])=>[`number`,`string`,`boolean`].includes(typeof e)&&e!==``).map(([e,t])=>`${l(`report`,e)} ${String(t)}`);return t.length?t.join(` · `):s(`demo.done`)}var Ie,Le=(class extends ne{constructor(){super(),this.heading=``,new ie(this)}firstUpdated(){this.dialog.showModal?.()}render(){return c`
      <dialog aria-labelledby="heading" @close=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
        <header><h2 id="heading" tabindex="-1" autofocus>${this.heading}</h2>
          <button type="button" id="close" aria-label=${s(`action.close`)} @click=${()=>this.close()}>×</button></header>
        <div class="body"><slot></slot></div>
      </dialog>`}close(){this.dialog.close?.()}static#e=Ie=()=>(this.styles=te`
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
  `,this)},Ie());y([g()],Le.prototype,`heading`,void 0),y([me(`dialog`)],Le.prototype,`dialog`,void 0),Le=y([h(`kx-modal`)],Le);var Re=[`customers`,`new`,`pending`,`exports`,`approvals`,`staff`,`audit`,`certificates`],ze={R2:[`customers`,`new`],R3:[`customers`,`new`],R4:[`customers`,`new`],R5:[`customers`],R6:[`customers`,`new`,`certificates`],R7:[`customers`,`new`,`pending`,`approvals`,`audit`],R8:[`customers`,`new`,`approvals`,`exports`,`audit`,`certificates`],R9:[`customers`,`exports`],R10:Re,R11:[`approvals`,`audit`,`exports`,`staff`,`certificates`],R12:[`audit`,`exports`,`staff`,`certificates`],R13:[],R19:[`customers`],R21:[`customers`,`new`],R22:[],R23:[]},Be=e=>ze[e]??Re,Ve={edit:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`,`R19`,`R21`],withdraw:[`R2`,`R3`,`R4`,`R6`,`R7`,`R8`,`R10`],hold:[`R8`,`R10`],destroy:[`R10`],history:[`R7`,`R8`,`R10`,`R11`,`R12`],order:[`R9`,`R10`],register:[`R10`],revoke:[`R8`,`R9`,`R10`,`R11`,`R12`]},L=(e,t)=>Ve[t].includes(e??``),He=class extends j{constructor(...e){super(...e),this.accounts=new M(this),this.entry=new M(this)}connectedCallback(){super.connectedCallback(),this.accounts.start(async()=>(await S.api.get(`/dev/accounts`)).accounts??[])}enter(e){this.entry.start(async()=>{let{token:t}=await S.api.post(`/dev/token`,{subject:e});await S.signIn(t)})}paste(e){e.preventDefault();let t=new FormData(e.target).get(`token`);typeof t==`string`&&t.trim()&&this.entry.start(()=>S.signIn(t))}render(){let e=this.accounts.value??[];return c`<section class="sign-in stack">
      <div><h1>${s(`sign-in.title`)}</h1><p class="muted">${s(`sign-in.text`)}</p></div>
      ${S.ended?c`<div class="note warn" role="status">${s(`sign-in.ended`)}</div>`:d}
      ${F(this.refusal())}
      ${this.accounts.busy?c`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:e.length?this.demo(e):this.token()}
    </section>`}refusal(){return this.entry.problem}demo(e){return c`<div class="panel stack">
      <div class="note warn"><strong>${s(`demo.title`)}</strong> ${s(`sign-in.demo`)}</div>
      <h2>${s(`sign-in.accounts`)}</h2>
      <ul class="accounts">${e.map(e=>c`
        <li><button type="button" data-subject=${e.subject} ?disabled=${this.entry.busy} @click=${()=>this.enter(e.subject)}>
          <strong>${e.name}</strong><small>${k(e.role,e.title)}${e.department?` · ${D(e.department)}`:``}</small>
          <span class="badge">${e.role}</span></button></li>`)}</ul>
    </div>`}token(){return c`<form class="panel stack" @submit=${e=>this.paste(e)}>
      <p>${s(`sign-in.token.text`)}</p>
      <div class="field"><label for="token">${s(`sign-in.token`)}</label>
        <textarea id="token" name="token" class="mono" autocomplete="off" spellcheck="false" required aria-describedby="token-help"></textarea>
        <span class="help" id="token-help">${s(`sign-in.token.help`)}</span></div>
      <div><button class="button primary" ?disabled=${this.entry.busy}>${s(`sign-in.go`)}</button></div>
    </form>`}};He=y([h(`kx-sign-in`)],He);var Ue=class extends j{constructor(...e){super(...e),this.requests=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load()}load(){this.requests.start(async()=>(await S.api.get(`/v1/approvals`)).requests??[])}answer(e,t){this.act.start(async()=>{let n={allow:t},{given:r,needed:i}=await S.api.post(`/v1/approvals/${encodeURIComponent(e.approval)}`,n,{idempotencyKey:this.attempt.keyFor([e.approval,n])});I(t?s(`approvals.allowed`,{given:r,needed:i}):s(`approvals.refused`)),this.load()})}render(){return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.approvals`)}</h1><p>${s(`approvals.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>this.load()}>${s(`action.refresh`)}</button></div></div>
      ${F(this.act.problem)}
      ${N(this.requests,e=>e.length?e.map(e=>this.one(e)):P(s(`approvals.none`),s(`approvals.none.text`)),()=>this.load())}
    </section>`}one(e){let t=e.by===S.me?.staff,n=(e.state??`open`)===`open`,r=(e,t)=>c`<div><dt>${e}</dt><dd>${t}</dd></div>`;return c`<article class="panel stack" data-approval=${e.approval} aria-label=${l(`action`,e.action)}>
      <div class="row between"><h2>${l(`action`,e.action)} ${e.level?C(e.level):d}</h2>
        <span class="badge ${{approved:`ok`,refused:`danger`}[e.state??``]??`warn`}">${l(`approval`,e.state??`open`)} · ${s(`approvals.given`,{given:e.given,needed:e.needed})}</span></div>
      <dl class="facts">
        ${r(s(`approvals.by`),c`${e.name||T(e.by)} ${e.role?c`<span class="muted">${l(`role`,e.role)}</span>`:d}`)}
        ${e.customer?r(s(`card.customer`),T(e.customer)):d}
        ${e.export?r(s(`approvals.export`),T(e.export)):d}
        ${e.purpose?r(s(`record.purpose`),O(e.purpose)):d}
        ${e.reason?r(s(`reason`),Ee(e.reason)):d}
        ${e.fields?.length?r(s(`history.fields`),e.fields.map(e=>x(S.policy,e)).join(`、`)):d}
        ${e.change?r(s(`approvals.change`),c`${e.change.name} · ${k(e.change.role)} (${e.change.role}) · ${D(e.change.department)}
          · ${s(e.change.active?`staff.active`:`staff.inactive`)}`):d}
        ${r(s(`approvals.created`),f(e.created))}
        ${r(s(`approvals.expires`),f(e.expires))}
      </dl>
      ${n?t?c`<p class="note info">${s(`approvals.own`)}</p>`:c`<div class="row">
        <button type="button" class="button primary" data-allow ?disabled=${this.act.busy} @click=${()=>this.answer(e,!0)}>${s(`approvals.allow`)}</button>
        <button type="button" class="button danger" data-deny ?disabled=${this.act.busy} @click=${()=>this.answer(e,!1)}>${s(`approvals.deny`)}</button></div>`:d}
    </article>`}};Ue=y([h(`kx-approvals`)],Ue);var R=class extends j{constructor(...e){super(...e),this.customer=``,this.log=!1,this.entries=[],this.page=new M(this)}willUpdate(e){(e.has(`customer`)||e.has(`log`))&&(this.page.clear(),this.load(``))}load(e){this.page.start(async()=>{let t=new URLSearchParams;this.log&&this.customer&&t.set(`customer`,this.customer),e&&t.set(`cursor`,e);let n=this.log?`/v1/audit`:`/v1/customers/${encodeURIComponent(this.customer)}/history`,r=await S.api.get(`${n}${t.size?`?${t}`:``}`);return this.entries=e?[...this.entries,...r.entries??[]]:r.entries??[],r})}render(){return this.page.problem&&this.entries.length?c`${this.table()}${F(this.page.problem)}`:N(this.page,e=>this.entries.length===0?P(s(`history.none`)):c`${this.table()}
      ${e.next?c`<div class="row"><button type="button" class="button" ?disabled=${this.page.busy} @click=${()=>this.load(e.next)}>${s(`pager.more`)}</button></div>`:d}`,()=>this.load(``))}table(){return c`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`record.tab.history`)}</caption>
      <thead><tr><th scope="col">${s(`history.at`)}</th><th scope="col">${s(`history.act`)}</th><th scope="col">${s(`history.who`)}</th>
        <th scope="col">${s(`history.why`)}</th><th scope="col">${s(`history.fields`)}</th></tr></thead>
      <tbody>${this.entries.map(e=>c`<tr>
        <td class="nowrap" data-label=${s(`history.at`)}>${f(e.at)}</td>
        <td>${l(`action`,e.action)} <span class="badge ${{allow:`ok`,deny:`danger`}[e.verdict]??`info`}">${l(`verdict`,e.verdict)}</span>
          ${e.code&&e.code!==`allow`?c`<br /><span class="small muted">${l(`denied`,e.code)}</span>`:d}</td>
        <td data-label=${s(`history.who`)}>${e.actor?T(e.actor):`–`}${e.role?c`<br /><span class="small muted">${l(`role`,e.role)}</span>`:d}</td>
        <td data-label=${s(`history.why`)}>${O(e.purpose)}${e.reason?c`<br /><span class="small muted">${Ee(e.reason)}</span>`:d}</td>
        <td data-label=${s(`history.fields`)}>${(e.fields??[]).map(e=>x(S.policy,e)).join(`、`)||`–`}</td></tr>`)}</tbody></table></div>`}};y([g()],R.prototype,`customer`,void 0),y([g({type:Boolean})],R.prototype,`log`,void 0),y([_()],R.prototype,`entries`,void 0),R=y([h(`kx-history`)],R);var We=class extends j{constructor(...e){super(...e),this.customer=``}filter(e){e.preventDefault();let t=new FormData(e.target).get(`customer`);location.hash=`#/audit/${encodeURIComponent(String(t??``).trim())}`}render(){return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.audit`)}</h1><p>${s(`audit.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.filter(e)}>
        <div class="field"><label for="audit-customer">${s(`audit.customer`)}</label>
          <input id="audit-customer" name="customer" class="mono" autocomplete="off" spellcheck="false" placeholder="cus_…" required .value=${this.customer} /></div>
        <button class="button">${s(`audit.show`)}</button>
      </form>
      ${this.customer?c`<kx-history log .customer=${this.customer}></kx-history>`:P(s(`audit.none`),s(`audit.none.text`))}
    </section>`}};y([g()],We.prototype,`customer`,void 0),We=y([h(`kx-audit`)],We);var Ge=`kexin.destroyed`;function Ke(){return(sessionStorage.getItem(Ge)??``).split(` `).filter(Boolean)}function qe(e){sessionStorage.setItem(Ge,[e,...Ke().filter(t=>t!==e)].slice(0,20).join(` `))}var z=class extends j{constructor(...e){super(...e),this.customer=``,this.wanted=``,this.certificate=new M(this)}willUpdate(e){e.has(`customer`)&&this.customer&&this.load(this.customer)}ask(e){e.preventDefault();let t=String(new FormData(e.target).get(`customer`)??``).trim();t&&this.load(t)}load(e){this.wanted=e,this.certificate.start(async()=>{let{text:t,data:n}=await S.api.ask(`/v1/customers/${encodeURIComponent(e)}/certificate`);return{text:t,facts:n?.facts??{}}})}async keys(){v(`keys.json`,(await S.api.ask(`/v1/keys`)).text.trimEnd(),`application/json`)}render(){let e=Ke();return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.certificates`)}</h1><p>${s(`certificate.text`)}</p></div></div>
      <form class="panel filters" @submit=${e=>this.ask(e)}>
        <div class="field"><label for="certificate-customer">${s(`audit.customer`)}</label>
          <input id="certificate-customer" name="customer" class="mono" required autocomplete="off" spellcheck="false" placeholder="cus_…" .value=${this.wanted||this.customer} /></div>
        <button class="button primary" id="certificate-go" ?disabled=${this.certificate.busy}>${s(`certificate.go`)}</button>
      </form>
      ${e.length?c`<p class="row"><span class="muted">${s(`certificate.recent`)}</span>${e.map(e=>c`
        <button type="button" class="button small" @click=${()=>this.load(e)}>${T(e)}</button>`)}</p>`:d}
      ${this.certificate.busy?c`<p class="panel state" role="status"><span class="spinner"></span> ${s(`state.loading`)}</p>`:d}
      ${F(this.certificate.problem)}
      ${this.certificate.state===`done`?this.found(this.certificate.value):d}
    </section>`}found({text:e,facts:t}){let n=`certificate-${this.wanted}.json`,r=(e,t)=>c`<div><dt>${e}</dt><dd>${t}</dd></div>`;return c`<div class="panel stack" id="certificate" role="status">
      <h2>${s(`certificate.title`)}</h2>
      <dl class="facts">
        ${r(s(`card.customer`),c`<span class="mono">${this.wanted}</span>`)}
        ${r(s(`certificate.recorded`),f(t.recorded))}
        ${r(s(`certificate.irrecoverable`),f(t.irrecoverable))}
        ${r(s(`certificate.sections`),String(t.sections?.length??0))}
      </dl>
      <div class="row"><button type="button" class="button primary" id="certificate-save" @click=${()=>v(n,e.trimEnd(),`application/json`)}>${s(`certificate.save`)}</button>
        <button type="button" class="button" @click=${()=>void this.keys()}>${s(`received.keys.save`)}</button></div>
      <p class="help">${s(`certificate.verify`)} <code class="mono">kexin verify ${n} --keys keys.json</code></p></div>`}};y([g()],z.prototype,`customer`,void 0),y([_()],z.prototype,`wanted`,void 0),z=y([h(`kx-certificates`)],z);var Je=20,B=class extends j{constructor(...e){super(...e),this.department=S.me?.department??``,this.mine=!1,this.trail=[``],this.field=``,this.kind=``,this.list=new M(this),this.search=new M(this)}connectedCallback(){super.connectedCallback(),S.policy?.departments.some(({id:e})=>e===this.department)||(this.department=S.policy?.departments[0]?.id??``),this.chooseField(this.searchable()[0]?.name??``),this.load()}load(){let e=new URLSearchParams({department:this.department,limit:String(Je)});this.mine&&S.me&&e.set(`owner`,S.me.staff);let t=this.trail.at(-1);t&&e.set(`cursor`,t),this.list.start(()=>S.api.get(`/v1/customers?${e}`))}turn(e){this.trail=e,this.load()}searchable(){return(S.policy?.fields??[]).filter(e=>Ye(e).length>0)}chooseField(e){this.field=e,this.kind=Ye(this.searchable().find(t=>t.name===e))[0]??``}find(e){e.preventDefault();let t=new FormData(e.target).get(`text`);typeof t==`string`&&t.trim()&&this.search.start(async()=>{let e={field:this.field,kind:this.kind,text:t.trim()};return(await S.api.post(`/v1/customers/search`,e)).customers??[]})}render(){return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.customers`)}</h1><p>${s(`customers.text`)}</p></div></div>
      ${this.searchPanel()}
      ${this.search.state===`idle`?this.listPanel():this.found()}
    </section>`}searchPanel(){let e=this.searchable(),t=Ye(e.find(e=>e.name===this.field));return c`<form class="panel stack" id="search" role="search" @submit=${e=>this.find(e)}>
      <h2>${s(`search.title`)}</h2>
      <div class="filters">
        <div class="field"><label for="search-field">${s(`search.field`)}</label>
          <select id="search-field" @change=${e=>this.chooseField(e.target.value)}>
            ${e.map(e=>c`<option value=${e.name} .selected=${e.name===this.field}>${x(S.policy,e.name)}</option>`)}</select></div>
        <div class="field"><label for="search-kind">${s(`search.kind`)}</label>
          <select id="search-kind" @change=${e=>{this.kind=e.target.value}}>
            ${t.map(e=>c`<option value=${e} .selected=${e===this.kind}>${l(`search.kind`,e)}</option>`)}</select></div>
        <div class="field"><label for="search-text">${s(`search.text`)}</label>
          <input id="search-text" name="text" autocomplete="off" spellcheck="false" required aria-describedby="search-hint" /></div>
        <button class="button primary" ?disabled=${this.search.busy}>${s(`search.go`)}</button>
      </div>
      <p class="help" id="search-hint">${this.kind?s(`search.hint.${this.kind}`):d} ${s(`search.private`)}</p>
    </form>`}found(){return c`<div class="row between"><h2>${s(`search.result`)}</h2>
        <button type="button" class="button" @click=${()=>this.search.clear()}>${s(`search.back`)}</button></div>
      ${this.search.problem?F(this.search.problem):N(this.search,e=>e.length?Xe(e):P(s(`search.none`),s(`search.none.text`)),()=>{})}`}listPanel(){return c`<div class="panel filters">
        <div class="field"><label for="department">${s(`customers.department`)}</label>
          <select id="department" @change=${e=>{this.department=e.target.value,this.turn([``])}}>
            ${A(S.policy?.departments,this.department)}</select></div>
        <label class="choice" for="mine"><input type="checkbox" id="mine" .checked=${this.mine}
          @change=${e=>{this.mine=e.target.checked,this.turn([``])}} /><span>${s(`customers.mine`)}</span></label>
      </div>
      ${N(this.list,e=>c`
        ${e.customers?.length?Xe(e.customers):P(s(`customers.none`),s(`customers.none.text`))}
        ${this.pager(e)}`,()=>this.load())}`}pager(e){return c`<nav class="row between" aria-label=${s(`pager`)}>
      <button type="button" class="button" ?disabled=${this.trail.length<2||this.list.busy} @click=${()=>this.turn(this.trail.slice(0,-1))}>← ${s(`pager.previous`)}</button>
      <span class="muted">${s(`pager.page`,{n:this.trail.length})}</span>
      <button type="button" class="button" ?disabled=${!e.next||this.list.busy} @click=${()=>this.turn([...this.trail,e.next])}>${s(`pager.next`)} →</button>
    </nav>`}};y([_()],B.prototype,`department`,void 0),y([_()],B.prototype,`mine`,void 0),y([_()],B.prototype,`trail`,void 0),y([_()],B.prototype,`field`,void 0),y([_()],B.prototype,`kind`,void 0),B=y([h(`kx-customers`)],B);function Ye(e){return[...e?.unique?[`identifier`]:[],...(e?.search??[]).filter(e=>e!==`identifier`)]}function Xe(e){return c`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.customers`)}</caption>
    <thead><tr><th scope="col">${s(`card.customer`)}</th><th scope="col">${s(`card.data`)}</th><th scope="col">${s(`card.kind`)}</th>
      <th scope="col">${s(`card.department`)}</th><th scope="col">${s(`card.state`)}</th></tr></thead>
    <tbody>${e.map(e=>c`<tr>
      <th scope="row"><a href="#/customers/${e.customer}">${we(e)}</a><br />${T(e.customer)}</th>
      <td>${Te(e)}</td>
      <td data-label=${s(`card.kind`)}>${l(`kind`,e.kind)}</td>
      <td data-label=${s(`card.department`)}>${D(e.department)}</td>
      <td data-label=${s(`card.state`)}>${w(e.state)}</td></tr>`)}</tbody></table></div>`}var Ze=[`individual`,`enterprise`,`sole_trader`,`public_institution`],Qe=class extends j{constructor(...e){super(...e),this.order={purpose:``,reason:``,fields:[],kinds:[...Ze],department:S.me?.department??``,format:`csv`,language:re()},this.preview=new M(this),this.request=new M(this),this.attempt=new p}set(e){this.order={...this.order,...e},this.preview.clear()}exportable(){return(S.policy?.fields??[]).filter(e=>e.export&&(!e.purposes?.length||e.purposes.includes(this.order.purpose))).map(e=>e.name)}complete(){return!!this.order.purpose&&!!this.order.reason&&this.order.fields.length>0&&this.order.kinds.length>0}look(){this.preview.start(()=>S.api.post(`/v1/exports/preview`,this.order))}send(e){e.preventDefault(),this.request.start(async()=>{let e=await S.api.post(`/v1/exports`,this.order,{idempotencyKey:this.attempt.keyFor(this.order)});return this.attempt.done(),I(e.approval?s(`order.waits`,{approval:e.approval}):s(`order.sent`)),this.dispatchEvent(new CustomEvent(`changed`)),this.dispatchEvent(new CustomEvent(`closed`)),e})}render(){return c`<kx-modal heading=${s(`exports.order`)} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <form class="stack" @submit=${e=>this.send(e)}>
        ${F(this.request.problem??this.preview.problem)}
        ${this.why()}
        ${this.what()}
        <div class="split">
          <div class="field"><label for="order-format">${s(`order.format`)}</label><select id="order-format" @change=${e=>this.set({format:e.target.value})}>
            ${[`csv`,`ndjson`].map(e=>c`<option value=${e} .selected=${e===this.order.format}>${l(`format`,e)}</option>`)}</select></div>
          <div class="field"><label for="order-language">${s(`order.language`)}</label><select id="order-language" @change=${e=>this.set({language:e.target.value})}>
            <option value="zh" .selected=${this.order.language===`zh`}>中文</option><option value="en" .selected=${this.order.language===`en`}>English</option></select></div>
        </div>
        <div aria-live="polite">${this.preview.value?c`<div class="note info" id="order-preview">${s(`order.preview.result`,{approvals:this.preview.value.approvals})}
          ${this.preview.value.level?C(this.preview.value.level):d}</div>`:d}</div>
        <div class="row end"><button type="button" class="button" id="order-look" ?disabled=${!this.complete()||this.preview.busy} @click=${()=>this.look()}>${s(`order.preview`)}</button>
          <button class="button primary" id="order-send" ?disabled=${!this.complete()||this.request.busy}>${s(`order.send`)}</button></div>
      </form></kx-modal>`}why(){let e=S.policy;return c`<div class="split">
      <div class="field"><label for="order-purpose">${s(`record.purpose`)}</label><select id="order-purpose" required
        @change=${e=>this.set({purpose:e.target.value,fields:[]})}>${A(ve(e),this.order.purpose,s(`form.choose`))}</select></div>
      <div class="field"><label for="order-reason">${s(`reason`)}</label><select id="order-reason" required
        @change=${e=>this.set({reason:e.target.value})}>${A(e?.reasons,this.order.reason,s(`form.choose`))}</select></div>
      <div class="field"><label for="order-department">${s(`card.department`)}</label><select id="order-department"
        @change=${e=>this.set({department:e.target.value})}>${A(e?.departments,this.order.department)}</select></div>
    </div>`}what(){let e=(e,t,n)=>n?[...e,t]:e.filter(e=>e!==t),t=this.exportable();return c`
      <fieldset class="checks"><legend>${s(`order.fields`)}</legend>
        ${this.order.purpose?t.map(t=>c`<label class="choice"><input type="checkbox" value=${t} data-field=${t} .checked=${this.order.fields.includes(t)}
          @change=${n=>this.set({fields:e(this.order.fields,t,n.target.checked)})} />
          <span>${x(S.policy,t)} ${C(this.levelOf(t))}</span></label>`):c`<p class="muted">${s(`order.fields.first`)}</p>`}</fieldset>
      <fieldset class="checks"><legend>${s(`order.kinds`)}</legend>
        ${Ze.map(t=>c`<label class="choice"><input type="checkbox" .checked=${this.order.kinds.includes(t)}
          @change=${n=>this.set({kinds:e(this.order.kinds,t,n.target.checked)})} /><span>${l(`kind`,t)}</span></label>`)}</fieldset>`}levelOf(e){return S.policy?.fields.find(t=>t.name===e)?.level??`L1`}};y([_()],Qe.prototype,`order`,void 0),Qe=y([h(`kx-order`)],Qe);var V=84,H=16,$e=32,et=2**32,tt=`kxk1_`,nt=/^(dep|exp)_[a-z2-7]{25}[aeimquy4]$/,rt=4<<20,U=class extends Error{constructor(e,t){super(t),this.name=`ArchiveError`,this.code=e}};function it(e){let t=String(e).trim(),n=t.slice(5);if(!t.startsWith(tt)||!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(n))throw new U(`key`,`not an archive key`);let r=atob(n.replaceAll(`-`,`+`).replaceAll(`_`,`/`)+`=`);return Uint8Array.from(r,e=>e.charCodeAt(0))}function at(e){let t=(t,n)=>String.fromCharCode(...e.subarray(t,n));if(e.length<V||t(0,4)!==`KXA1`)throw new U(`format`,`not an archive`);let[n,r,i,a]=e.subarray(4,8),o={deployment:t(24,54),export:t(54,V),chunkSize:2**i,fileId:e.slice(8,24)},s=nt.test(o.deployment)&&o.deployment.startsWith(`dep_`)&&nt.test(o.export)&&o.export.startsWith(`exp_`);if(n!==1||r!==1||a!==0||i<12||i>20||!s)throw new U(`format`,`archive of an unknown version`);return o}async function ot(e,t,n=()=>{}){let r=[],i=[],a=0,o=0;for await(let s of st(e,t))i.push(s),a+=s.length,o+=s.length,a>=rt&&(r.push(new Blob(i)),i=[],a=0),n(o);return new Blob([...r,...i],{type:`application/zip`})}async function*st(e,t){let n=new ft(e);try{let{chunk:e,size:r}=await lt(n,typeof t==`string`?it(t):t),i=await n.take(r+H);for(let t=0;i.length>0||t===0;t+=1){let a=await n.take(r+H),o=a.length===0;if(t===et||i.length<H||i.length===H&&t>0)throw new U(`truncated`,`chunk ${t} is cut off`);yield await ct(e,i,t,o),i=a}}finally{await n.cancel()}}async function ct(e,t,n,r){let i=await e(t,n,r);if(i)return i;throw await e(t,n,!r)?r?new U(`truncated`,`chunks after chunk ${n} are missing`):new U(`altered`,`bytes follow the last chunk ${n}`):new U(`altered`,`chunk ${n} was altered, moved or cut off`)}async function lt(e,t){let n=await e.take(100);if(n.length<100&&n.length>=4&&String.fromCharCode(...n.subarray(0,4))===`KXA1`)throw new U(`truncated`,`the header is cut off`);let r=at(n);if(!(t instanceof Uint8Array)||t.length!==$e)throw new U(`key`,`not an archive key`);let i=n.slice(0,V),{subtle:a}=globalThis.crypto,o=await a.importKey(`raw`,t,`HKDF`,!1,[`deriveBits`]),s=new Uint8Array(await a.deriveBits({name:`HKDF`,hash:`SHA-256`,salt:r.fileId,info:i},o,440));if(!dt(s.subarray(39),n.subarray(V)))throw new U(`key`,`wrong key, or the header was altered`);let ee=await a.importKey(`raw`,s.subarray(0,$e),`AES-GCM`,!1,[`decrypt`]),c=new Uint8Array(await a.digest(`SHA-256`,i)),te=s.slice(32,39);return{size:r.chunkSize,chunk:ut(ee,c,te)}}function ut(e,t,n){return async(r,i,a)=>{let o=new Uint8Array(12);o.set(n),new DataView(o.buffer).setUint32(7,i),o[11]=+!!a;try{let n=await globalThis.crypto.subtle.decrypt({name:`AES-GCM`,iv:o,additionalData:t,tagLength:128},e,r);return new Uint8Array(n)}catch{return null}}}function dt(e,t){let n=e.length^t.length;for(let r=0;r<e.length;r+=1)n|=e[r]^t[r];return n===0}var ft=class{constructor(e){let t=e instanceof ReadableStream?e:new Blob([e]).stream();this.reader=t.getReader(),this.held=new Uint8Array}async take(e){let t=new Uint8Array(e),n=0;for(;n<e;){if(this.held.length===0){let{done:e,value:t}=await this.reader.read();if(e)break;this.held=t}let r=this.held.subarray(0,e-n);t.set(r,n),n+=r.length,this.held=this.held.subarray(r.length)}return t.subarray(0,n)}async cancel(){await this.reader.cancel().catch(()=>{})}},pt=new Set([`localhost`,`127.0.0.1`,`[::1]`]);function mt(e,t=location){let n=new URL(e,t.href);return pt.has(n.hostname)&&pt.has(t.hostname)&&n.port===t.port?n.pathname+n.search:n.href}var W=class extends j{constructor(...e){super(...e),this.export=``,this.again=!1,this.key=``,this.bytes=0,this.saved=!1,this.release=new M(this),this.opening=new M(this),this.link=``,this.once=se()}disconnectedCallback(){super.disconnectedCallback(),this.key=``,this.zip=void 0,this.sealed=void 0}take(){this.release.start(async()=>{if(!this.key){let e=await S.api.post(`/v1/exports/${encodeURIComponent(this.export)}/release`,{},{idempotencyKey:this.once});this.key=e.key,this.link=e.link}this.sealed=await this.fetchSealed(),this.open()})}async fetchSealed(){let e=`/v1/exports/${encodeURIComponent(this.export)}/file`;this.link||=(await S.api.get(e)).link;let t=await fetch(mt(this.link),{credentials:`omit`,cache:`no-store`}).catch(()=>{throw le()});if(!t.ok)throw this.link=``,new m(`link`,t.status,s(`release.link`));return t.blob()}open(){let e=this.sealed;e&&(this.zip=void 0,this.opening.start(async()=>{try{this.zip=await ot(e,this.key,e=>{this.bytes=e})}catch(e){throw e instanceof U?new m(`archive-${e.code}`,0,``):e}}))}async openFiles(e){e.preventDefault();let t=new FormData(e.target),n=t.get(`archive`),r=t.get(`key-file`);r instanceof File&&(this.key=(await r.text()).trim(),this.release.start(async()=>{this.sealed=n instanceof File?n:await this.fetchSealed(),this.open()}))}render(){let e=this.export?s(`release.title`):s(`open.title`);return c`<kx-modal heading=${e} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      <div class="stack">
        ${F(this.release.problem??this.opening.problem)}
        ${this.zip?this.opened(this.zip):this.opening.busy?this.progress():this.export&&!this.again?this.start():this.files()}
        ${this.key&&this.export&&!this.again?this.keyBox():d}
      </div></kx-modal>`}start(){return c`<p class="note warn">${s(`release.text`)}</p>
      <ol class="steps"><li>${s(`release.step.key`)}</li><li>${s(`release.step.file`)}</li><li>${s(`release.step.open`)}</li></ol>
      <div class="row end"><button type="button" class="button primary" id="release-go" ?disabled=${this.release.busy} @click=${()=>this.take()}>
        ${this.release.busy?c`<span class="spinner"></span>`:d}${s(this.key?`action.retry`:`release.go`)}</button></div>`}files(){return c`<form class="stack" @submit=${e=>void this.openFiles(e)}>
      <p>${s(this.again?`open.text.again`:`open.text`)}</p>
      ${this.again?d:c`<div class="field"><label for="open-archive">${s(`open.archive`)}</label><input id="open-archive" name="archive" type="file" accept=".kxa" required /></div>`}
      <div class="field"><label for="open-key">${s(`open.key`)}</label><input id="open-key" name="key-file" type="file" required /></div>
      <div class="row end"><button class="button primary">${s(`open.go`)}</button></div></form>`}progress(){let e=this.sealed?.size||1;return c`<p role="status"><span class="spinner"></span> ${s(`release.opening`)}</p>
      <progress max=${e} value=${this.bytes} aria-label=${s(`release.opening`)}></progress>`}opened(e){let t=this.export||`export`;return c`<div class="note ok" role="status" id="release-opened"><p><strong>${s(`release.opened`)}</strong></p>
        <p>${s(`release.opened.text`,{kb:Math.max(1,Math.round(e.size/1024))})}</p></div>
      <div class="row"><button type="button" class="button primary" id="release-zip" data-bytes=${e.size} @click=${()=>v(`${t}.zip`,e)}>${s(`release.save.zip`)}</button>
        ${this.export&&this.sealed?c`<button type="button" class="button" id="release-sealed" @click=${()=>v(`${t}.kxa`,this.sealed)}>${s(`release.save.sealed`)}</button>`:d}</div>
      <p class="help">${s(`release.verify`)} <code class="mono">kexin verify ${t}.zip --keys keys.json</code></p>`}keyBox(){return c`<div class="note info stack tight"><h3>${s(`release.key`)}</h3><p>${s(`release.key.text`)}</p>
      <div class="row"><button type="button" class="button small" id="release-key" @click=${()=>{v(`${this.export}.key`,`${this.key}\n`,`text/plain`),this.saved=!0}}>${s(`release.key.save`)}</button>
        ${this.saved?c`<span class="badge ok">${s(`release.key.saved`)}</span>`:d}</div>
      <p class="help"><code class="mono">kexin open ${this.export}.kxa --key-file ${this.export}.key</code></p></div>`}};y([g()],W.prototype,`export`,void 0),y([g({type:Boolean})],W.prototype,`again`,void 0),y([_()],W.prototype,`sealed`,void 0),y([_()],W.prototype,`key`,void 0),y([_()],W.prototype,`zip`,void 0),y([_()],W.prototype,`bytes`,void 0),y([_()],W.prototype,`saved`,void 0),W=y([h(`kx-release`)],W);var G=class extends j{constructor(...e){super(...e),this.ordering=!1,this.releasing=``,this.opening=!1,this.again=!1,this.list=new M(this),this.act=new M(this),this.attempt=new p,this.load=()=>{this.list.start(async()=>(await S.api.get(`/v1/exports`)).exports??[])}}connectedCallback(){super.connectedCallback(),this.load(),addEventListener(`kexin-job`,this.load)}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`kexin-job`,this.load)}revoke(e){this.act.start(async()=>{await S.api.post(`/v1/exports/${encodeURIComponent(e)}/revocations`,{},{idempotencyKey:this.attempt.keyFor([`revoke`,e])}),I(s(`exports.revoked`)),this.load()})}render(){return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.exports`)}</h1><p>${s(`exports.text`)}</p></div>
        <div class="row"><button type="button" class="button" id="export-refresh" @click=${this.load}>${s(`action.refresh`)}</button>
          <button type="button" class="button" id="export-open-file" @click=${()=>{this.opening=!0}}>${s(`open.title`)}</button>
          ${L(S.me?.role,`order`)?c`<button type="button" class="button primary" id="export-order" @click=${()=>{this.ordering=!0}}>${s(`exports.order`)}</button>`:d}</div></div>
      ${F(this.act.problem)}
      ${N(this.list,e=>e.length?this.table(e):P(s(`exports.none`),s(`exports.none.text`)),this.load)}
      ${this.ordering?c`<kx-order @closed=${()=>{this.ordering=!1}} @changed=${this.load}></kx-order>`:d}
      ${this.releasing||this.opening?c`<kx-release .export=${this.releasing} .again=${this.again} @closed=${()=>{this.releasing=``,this.opening=!1,this.again=!1,this.load()}}></kx-release>`:d}
    </section>`}table(e){return c`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.exports`)}</caption>
      <thead><tr><th scope="col">${s(`exports.export`)}</th><th scope="col">${s(`exports.why`)}</th><th scope="col">${s(`history.fields`)}</th>
        <th scope="col">${s(`exports.rows`)}</th><th scope="col">${s(`exports.state`)}</th><th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th></tr></thead>
      <tbody>${e.map(e=>this.row(e))}</tbody></table></div>`}row(e){let t=e.state===`requested`,n=e.state===`ready`,r=e.state===`released`,i=[`revoked`,`expired`,`void`,`refused`,`failed`].includes(e.state),a=n||r?`ok`:i?``:`warn`;return c`<tr data-export=${e.export} data-state=${e.state}>
      <th scope="row">${T(e.export)}<br /><span class="small muted">${f(e.created)}</span></th>
      <td data-label=${s(`exports.why`)}>${O(e.purpose)}<br /><span class="small muted">${Ee(e.reason)}</span></td>
      <td data-label=${s(`history.fields`)}>${(e.fields??[]).map(e=>x(S.policy,e)).join(`、`)}</td>
      <td data-label=${s(`exports.rows`)}>${n||r?e.rows:`–`}</td>
      <td data-label=${s(`exports.state`)}><span class="badge ${a}">${l(`export`,e.state)}</span>
        ${t&&e.approval?c`<br /><span class="small muted">${s(`exports.waits`)} ${T(e.approval)}</span>`:d}
        ${e.expires&&(n||r)?c`<br /><span class="small muted">${s(`exports.until`,{at:f(e.expires)})}</span>`:d}</td>
      <td><div class="row">
        ${n?c`<button type="button" class="button primary small" data-release @click=${()=>{this.releasing=e.export}}>${s(`release.open`)}</button>`:d}
        ${r?c`<button type="button" class="button small" data-again @click=${()=>{this.releasing=e.export,this.again=!0}}>${s(`release.again`)}</button>`:d}
        ${!i&&L(S.me?.role,`revoke`)?c`<button type="button" class="button danger small" data-revoke ?disabled=${this.act.busy} @click=${()=>this.revoke(e.export)}>${s(`exports.revoke`)}</button>`:d}
      </div></td></tr>`}};y([_()],G.prototype,`ordering`,void 0),y([_()],G.prototype,`releasing`,void 0),y([_()],G.prototype,`opening`,void 0),y([_()],G.prototype,`again`,void 0),G=y([h(`kx-exports`)],G);var K=class extends j{constructor(...e){super(...e),this.form=S.policy?.forms[0]?.id??`service`,this.read=!1,this.script=``,this.customer=``,this.details=new M(this),this.send=async(e,t)=>{if(!this.read||!this.script.trim())throw new m(`invalid-field`,422,``,[{field:`evidence.script`,code:`evidence-required`,message:``}]);let n={form:this.form,...e,evidence:{script:this.script.trim()}},r=await S.api.post(`/v1/customers`,n,{idempotencyKey:t});return this.customer=r.customer,this.read=!1,{submission:r.customer,received:``,refused:r.refused}}}connectedCallback(){super.connectedCallback(),this.choose(this.form)}choose(e){this.form=e,this.read=!1,this.customer=``,this.details.start(async()=>{let t=await S.api.get(`/v1/forms/${encodeURIComponent(e)}`);return this.script=t.notice.script??``,t})}render(){let e=S.policy?.forms??[];return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.new`)}</h1><p>${s(`new.text`)}</p></div></div>
      ${e.length>1?c`<div class="panel filters"><div class="field"><label for="new-form">${s(`new.form`)}</label>
        <select id="new-form" @change=${e=>this.choose(e.target.value)}>${A(e,this.form)}</select></div></div>`:d}
      <kexin-form staff form=${this.form} theme=${i()??``} .sender=${this.send}>
        <div slot="evidence" class="stack tight evidence">
          <label class="choice" for="script-read"><input type="checkbox" id="script-read" .checked=${this.read}
            @change=${e=>{this.read=e.target.checked}} /><span>${s(`new.read`)}</span></label>
          <div class="field"><label for="script">${s(`new.script`)}</label>
            <input id="script" class="mono" autocomplete="off" spellcheck="false" .value=${this.script}
              @input=${e=>{this.script=e.target.value}} aria-describedby="script-help" />
            <span class="help" id="script-help">${s(`new.script.help`)}</span></div>
        </div>
        ${this.customer?c`<a slot="after" class="button primary" href="#/customers/${this.customer}">${s(`new.open`)}</a>`:d}
      </kexin-form>
    </section>`}};y([_()],K.prototype,`form`,void 0),y([_()],K.prototype,`read`,void 0),y([_()],K.prototype,`script`,void 0),y([_()],K.prototype,`customer`,void 0),K=y([h(`kx-new`)],K);var q=class extends j{constructor(...e){super(...e),this.list=[],this.into={},this.refusing=``,this.reason=``,this.page=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load(``)}load(e){this.page.start(async()=>{let t=await S.api.get(`/v1/pending${e?`?cursor=${encodeURIComponent(e)}`:``}`);return this.list=e?[...this.list,...t.pending??[]]:t.pending??[],t})}send(e,t,n,r){let i=e.card.customer;this.act.start(async()=>{await S.api.post(`/v1/pending/${encodeURIComponent(i)}/${t}`,n,{idempotencyKey:this.attempt.keyFor([i,t,n])}),I(r),this.list=this.list.filter(t=>t!==e),this.refusing=``})}chosen(e){return this.into[e.card.customer]??e.matches?.[0]?.customer??``}render(){return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.pending`)}</h1><p>${s(`pending.text`)}</p></div></div>
      ${F(this.act.problem)}
      ${N(this.page,e=>c`
        ${this.list.length===0?P(s(`pending.none`),s(`pending.none.text`)):this.list.map(e=>this.one(e))}
        ${e.next?c`<button type="button" class="button" @click=${()=>this.load(e.next)}>${s(`pager.more`)}</button>`:d}`,()=>this.load(``))}
    </section>`}one(e){let t=e.card.customer,n=e.matches??[],r=n.find(t=>t.customer===this.chosen(e));return c`<article class="panel stack" data-pending=${t} aria-label="${s(`pending.new`)} ${we(e.card)}">
      <p class="row"><span class="badge">${l(`channel`,e.channel??``,``)}</span>
        <span class="muted">${s(`pending.received`,{at:f(e.received)})} · ${s(`pending.until`,{day:ce(e.deadline)})}</span></p>
      ${n.length>1?c`<div class="field"><label for="into-${t}">${s(`pending.choose`)}</label>
        <select id="into-${t}" @change=${e=>{this.into={...this.into,[t]:e.target.value}}}>
          ${n.map(e=>c`<option value=${e.customer} .selected=${e.customer===r?.customer}>${we(e)} ${e.customer}</option>`)}</select></div>`:d}
      ${ht(e.card,r)}
      ${this.refusing===t?this.refusal(e):c`<div class="row">
        <button type="button" class="button primary" data-merge ?disabled=${!r||this.act.busy}
          @click=${()=>this.send(e,`merge`,{into:r.customer,version:e.version},s(`pending.merged`))}>${s(`pending.merge`)}</button>
        <button type="button" class="button danger" data-refuse ?disabled=${this.act.busy} @click=${()=>{this.refusing=t,this.reason=``}}>${s(`pending.refuse`)}</button></div>`}
    </article>`}refusal(e){return c`<div class="stack"><div class="field"><label for="refuse-reason">${s(`reason`)}</label>
        <select id="refuse-reason" @change=${e=>{this.reason=e.target.value}}>
          ${A(S.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
      <p class="help">${s(`pending.refuse.text`)}</p>
      <div class="row"><button type="button" class="button" @click=${()=>{this.refusing=``}}>${s(`action.cancel`)}</button>
        <button type="button" class="button danger" ?disabled=${!this.reason||this.act.busy}
          @click=${()=>this.send(e,`refuse`,{reason:this.reason},s(`pending.refused`))}>${s(`pending.refuse`)}</button></div></div>`}};y([_()],q.prototype,`list`,void 0),y([_()],q.prototype,`into`,void 0),y([_()],q.prototype,`refusing`,void 0),y([_()],q.prototype,`reason`,void 0),q=y([h(`kx-pending`)],q);function ht(e,t){let n=[...new Set([...Object.keys(e.fields??{}),...Object.keys(t?.fields??{})])],r=(e,t)=>e?.fields?.[t]?.value??e?.fields?.[t]?.masked;return c`<div class="scroll"><table><caption class="visually-hidden">${s(`pending.compare`)}</caption>
    <thead><tr><th scope="col">${s(`record.field`)}</th><th scope="col">${s(`pending.new`)}</th><th scope="col">${s(`pending.known`)}</th></tr></thead>
    <tbody>
      <tr><th scope="row">${s(`card.customer`)}</th><td>${T(e.customer)} ${w(e.state)}</td>
        <td>${t?c`<a href="#/customers/${t.customer}">${T(t.customer)}</a> ${w(t.state)}`:`–`}</td></tr>
      <tr><th scope="row">${s(`card.kind`)}</th><td>${l(`kind`,e.kind)}</td><td>${t?l(`kind`,t.kind):`–`}</td></tr>
      <tr><th scope="row">${s(`card.department`)}</th><td>${D(e.department)}</td><td>${D(t?.department)}</td></tr>
      ${n.map(n=>{let i=r(e,n)!==void 0&&r(e,n)===r(t,n);return c`<tr><th scope="row">${x(S.policy,n)} ${C((e.fields[n]??t?.fields[n]).level)}</th>
          <td>${E(e.fields[n])}</td><td>${E(t?.fields[n])} ${i?c`<span class="badge ok">${s(`pending.same`)}</span>`:d}</td></tr>`})}
    </tbody></table></div>`}var J=class extends j{constructor(...e){super(...e),this.act=new M(this),this.attempt=new p}change(e,t,n,r){let{customer:i,version:a}=this.record;this.act.start(async()=>{await S.api.ask(`/v1/customers/${encodeURIComponent(i)}${t}`,{method:e,body:n,ifMatch:a,idempotencyKey:e===`POST`?this.attempt.keyFor([t,a,n]):void 0}),this.attempt.done(),I(r),this.tell(`changed`),this.tell(`closed`)})}tell(e){this.dispatchEvent(new CustomEvent(e))}trouble(){return this.act.problem?.kind!==`precondition-failed`&&this.act.problem?.status!==412?F(this.act.problem):c`<div role="alert"><div class="note warn stack tight" id="stale"><p><strong>${s(`stale.title`)}</strong></p><p>${s(`stale.text`)}</p>
      <div><button type="button" class="button small" id="stale-reload" @click=${()=>{this.act.clear(),this.tell(`changed`)}}>${s(`stale.reload`)}</button></div></div></div>`}buttons(e,t={}){return c`<div class="row end"><button type="button" class="button" @click=${()=>this.tell(`closed`)}>${s(`action.cancel`)}</button>
      <button class="button ${t.danger?`danger`:`primary`}" data-confirm ?disabled=${this.act.busy||t.disabled}>
        ${this.act.busy?c`<span class="spinner"></span>`:d}${e}</button></div>`}};y([g({attribute:!1})],J.prototype,`record`,void 0);var Y=class extends J{constructor(...e){super(...e),this.reason=``,this.typed=``}send(e){e.preventDefault(),qe(this.record.customer),this.change(`POST`,`/destructions`,{reason:this.reason},s(`destroy.done`))}render(){let e=this.record.customer.slice(-4);return c`<kx-modal heading=${s(`destroy.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note danger">${s(`destroy.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="destroy-reason">${s(`reason`)}</label>
          <select id="destroy-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${A(S.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
        <div class="field"><label for="destroy-typed">${s(`destroy.type`,{end:e})}</label>
          <input id="destroy-typed" class="mono" autocomplete="off" spellcheck="false" .value=${this.typed}
            @input=${e=>{this.typed=e.target.value}} /></div>
        ${this.buttons(s(`destroy.go`),{danger:!0,disabled:!this.reason||this.typed.trim()!==e})}
      </form></kx-modal>`}};y([_()],Y.prototype,`reason`,void 0),y([_()],Y.prototype,`typed`,void 0),Y=y([h(`kx-destroy`)],Y);var X=class extends J{constructor(...e){super(...e),this.purpose=``,this.typed={},this.removed={}}fields(){let e=new Set((S.policy?.forms??[]).flatMap(e=>e.fields.map(({name:e})=>e)));for(let t of[...Object.keys(this.record.fields),...this.record.hidden??[]])e.add(t);return(S.policy?.fields??[]).filter(t=>e.has(t.name)&&(!t.kinds?.length||t.kinds.includes(this.record.kind))&&(!t.purposes?.length||t.purposes.includes(this.purpose)))}changes(){let e={};for(let{name:t}of this.fields()){let n=this.typed[t];this.removed[t]?e[t]=null:n!==void 0&&n.trim()!==``&&n!==this.record.fields[t]?.value&&(e[t]=n.trim())}return e}save(e){e.preventDefault(),this.change(`PATCH`,``,{purpose:this.purpose,fields:this.changes()},s(`edit.done`))}render(){return c`<kx-modal heading=${s(`edit.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.save(e)}>
        <p class="help">${s(`edit.text`)}</p>
        ${this.trouble()}
        ${this.fields().map(e=>this.row(e))}
        ${this.buttons(s(`edit.save`),{disabled:Object.keys(this.changes()).length===0})}
      </form></kx-modal>`}row(e){let{name:t}=e,n=this.record.fields[t],r=this.act.problem?.at(`fields.${t}`),i=this.typed[t]??n?.value??``,a=e=>{this.typed={...this.typed,[t]:e.target.value}},o=`edit-${t}-help`;return c`<div class="field"><label for="edit-${t}">${u(e.title)} ${C(e.level)}</label>
      ${e.options?.length?c`<select id="edit-${t}" ?disabled=${this.removed[t]} @change=${a} aria-describedby=${o}>
            <option value="" .selected=${i===``}>${s(`form.choose`)}</option>
            ${e.options.map(e=>c`<option value=${e.value} .selected=${e.value===i}>${u(e.title)}</option>`)}</select>`:c`<input id="edit-${t}" .value=${i} autocomplete="off" spellcheck="false" ?disabled=${this.removed[t]}
            aria-invalid=${r?`true`:`false`} @input=${a} aria-describedby=${o} />`}
      <span id=${o}>${n?.masked?c`<span class="help">${s(`edit.masked`,{mask:n.masked})}</span>`:d}
        ${r?c`<span class="error">${ae(r)}</span>`:d}</span>
      ${n&&!e.required?c`<label class="choice small"><input type="checkbox" .checked=${this.removed[t]===!0}
        @change=${e=>{this.removed={...this.removed,[t]:e.target.checked}}} /><span>${s(`edit.remove`)}</span></label>`:d}
    </div>`}};y([g()],X.prototype,`purpose`,void 0),y([_()],X.prototype,`typed`,void 0),y([_()],X.prototype,`removed`,void 0),X=y([h(`kx-edit`)],X);var gt=class extends J{constructor(...e){super(...e),this.reason=``}send(e){e.preventDefault();let t=!this.record.held;this.change(`POST`,`/holds`,{place:t,reason:this.reason},s(t?`hold.placed`:`hold.lifted`))}render(){let e=this.record.held;return c`<kx-modal heading=${s(e?`hold.lift`:`hold.place`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p>${s(e?`hold.lift.text`:`hold.place.text`)}</p>
        ${this.trouble()}
        <div class="field"><label for="hold-reason">${s(`reason`)}</label>
          <select id="hold-reason" required @change=${e=>{this.reason=e.target.value}}>
            ${A(S.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
        ${this.buttons(s(e?`hold.lift`:`hold.place`),{disabled:!this.reason})}
      </form></kx-modal>`}};y([_()],gt.prototype,`reason`,void 0),gt=y([h(`kx-hold`)],gt);var Z=class extends j{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.field=``,this.level=``,this.reason=``,this.note=``,this.approval=``,this.left=0,this.seconds=0,this.over=!1,this.request=new M(this),this.attempt=new p,this.stop=()=>{}}willUpdate(e){e.has(`field`)&&(this.approval=sessionStorage.getItem(this.stored)??``)}disconnectedCallback(){super.disconnectedCallback(),this.forget()}get stored(){return`kexin.approval.${this.customer}.${this.purpose}.${this.field}`}ask(e){e.preventDefault(),this.over=!1,this.request.start(async()=>{let e={field:this.field,purpose:this.purpose,reason:this.reason,...this.note.trim()?{note:this.note.trim()}:{},...this.approval?{approval:this.approval}:{}},t=await S.api.post(`/v1/customers/${encodeURIComponent(this.customer)}/reveals`,e,{idempotencyKey:this.attempt.keyFor(e)});return this.attempt.done(),this.take(t),{}})}take(e){e.value===void 0?(this.approval=e.approval??``,sessionStorage.setItem(this.stored,this.approval)):(sessionStorage.removeItem(this.stored),this.approval=``,this.value=e.value,this.seconds=e.seconds??30,this.stop(),this.stop=oe(this.seconds,e=>{this.left=e,e<=0&&this.forget()}))}forget(){this.stop(),this.value!==void 0&&(this.over=!0),this.value=void 0,this.left=0}render(){return c`<kx-modal heading=${s(`reveal.title`,{field:x(S.policy,this.field)})} @closed=${()=>this.dispatchEvent(new CustomEvent(`closed`))}>
      ${this.value===void 0?this.form():this.secret()}</kx-modal>`}secret(){return c`<div class="secret" id="revealed">
      <output id="reveal-value">${this.value}</output>
      <div class="timer"><progress max=${this.seconds} value=${this.left} aria-label=${s(`reveal.left`)}></progress><span id="reveal-left">${ue(this.left)}</span></div>
      <p class="small">${s(`reveal.shown`,{seconds:this.seconds})}</p>
      <div><button type="button" class="button" id="reveal-hide" @click=${()=>this.forget()}>${s(`reveal.hide`)}</button></div></div>`}form(){return c`<form class="stack" @submit=${e=>this.ask(e)}>
      ${this.over?c`<p class="note info" role="status" id="reveal-over">${s(`reveal.over`)}</p>`:d}
      <p>${C(this.level)} <span class="muted">${s(`record.purpose`)}：${O(this.purpose)}</span></p>
      <p class="help">${s(this.level===`L3`?`reveal.text.approval`:`reveal.text`)}</p>
      ${F(this.request.problem)}
      ${this.approval?this.waiting():d}
      <div class="field"><label for="reveal-reason">${s(`reason`)}</label>
        <select id="reveal-reason" required @change=${e=>{this.reason=e.target.value}}>
          ${A(S.policy?.reasons,this.reason,s(`form.choose`))}</select></div>
      <div class="field"><label for="reveal-note">${s(`note`)} <span class="muted">${s(`optional`)}</span></label>
        <textarea id="reveal-note" maxlength="500" .value=${this.note} aria-describedby="reveal-note-help"
          @input=${e=>{this.note=e.target.value}}></textarea>
        <span class="help" id="reveal-note-help">${s(`note.help`)}</span></div>
      <div class="row end"><button class="button primary" id="reveal-go" ?disabled=${this.request.busy||!this.reason}>
        ${s(this.approval?`reveal.again`:this.level===`L3`?`reveal.request`:`reveal.go`)}</button></div>
    </form>`}waiting(){return c`<div class="note warn" role="status" id="reveal-waiting"><p><strong>${s(`reveal.waiting`)}</strong></p>
      <p>${s(`reveal.waiting.text`)}</p><p class="mono" id="reveal-approval">${this.approval}</p></div>`}};y([g()],Z.prototype,`customer`,void 0),y([g()],Z.prototype,`purpose`,void 0),y([g()],Z.prototype,`field`,void 0),y([g()],Z.prototype,`level`,void 0),y([_()],Z.prototype,`reason`,void 0),y([_()],Z.prototype,`note`,void 0),y([_()],Z.prototype,`approval`,void 0),y([_()],Z.prototype,`value`,void 0),y([_()],Z.prototype,`left`,void 0),y([_()],Z.prototype,`seconds`,void 0),y([_()],Z.prototype,`over`,void 0),Z=y([h(`kx-reveal`)],Z);var Q=class extends J{constructor(...e){super(...e),this.purposes=[],this.names=[],this.channel=S.policy?.channels.find(e=>!e.public)?.id??``}given(){return(this.record.consents??[]).filter(({live:e})=>e).map(({purpose:e})=>e)}separate(){let e=new Set([...Object.keys(this.record.fields??{}),...this.record.hidden??[]]);return(S.policy?.fields??[]).filter(t=>t.separate_consent&&e.has(t.name)).map(e=>e.name)}send(e){e.preventDefault(),this.change(`POST`,`/withdrawals`,{purposes:this.purposes,fields:this.names,channel:this.channel},s(`withdraw.done`))}render(){let e=(e,t,n,r)=>c`<label class="choice"><input type="checkbox" value=${e}
      .checked=${n.includes(e)} @change=${t=>r(t.target.checked?[...n,e]:n.filter(t=>t!==e))} />
      <span>${t}</span></label>`;return c`<kx-modal heading=${s(`withdraw.title`)} @closed=${()=>this.tell(`closed`)}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note warn">${s(`withdraw.text`)}</p>
        ${this.trouble()}
        <fieldset class="checks"><legend>${s(`withdraw.purposes`)}</legend>
          ${this.given().map(t=>e(t,O(t),this.purposes,e=>{this.purposes=e}))}
          ${this.given().length?d:c`<p class="muted">${s(`withdraw.none`)}</p>`}</fieldset>
        ${this.separate().length?c`<fieldset class="checks"><legend>${s(`withdraw.fields`)}</legend>
          ${this.separate().map(t=>e(t,x(S.policy,t),this.names,e=>{this.names=e}))}</fieldset>`:d}
        <div class="field"><label for="withdraw-channel">${s(`withdraw.channel`)}</label>
          <select id="withdraw-channel" @change=${e=>{this.channel=e.target.value}}>
            ${A(S.policy?.channels,this.channel)}</select></div>
        ${this.buttons(s(`withdraw.go`),{danger:!0,disabled:this.purposes.length+this.names.length===0})}
      </form></kx-modal>`}};y([_()],Q.prototype,`purposes`,void 0),y([_()],Q.prototype,`names`,void 0),y([_()],Q.prototype,`channel`,void 0),Q=y([h(`kx-withdraw`)],Q);var $=class extends j{constructor(...e){super(...e),this.customer=``,this.purpose=``,this.act=``,this.revealing=``,this.tab=`data`,this.record=new M(this),this.close=()=>{this.act=``,this.revealing=``},this.changed=()=>this.load()}willUpdate(e){e.has(`customer`)&&(this.act=``,this.revealing=``,this.tab=`data`,this.record.clear(),this.purpose||=ye(S.policy),this.load())}load(){this.record.start(async()=>{let e=`/v1/customers/${encodeURIComponent(this.customer)}?purpose=${encodeURIComponent(this.purpose)}`,t=await S.api.ask(e);return{...t.data,version:t.version??t.data.version}})}choosePurpose(e){this.purpose=e,this.record.clear(),this.load()}render(){return c`<section class="stack">
      <p class="no-print"><a href="#/customers">← ${s(`nav.customers`)}</a></p>
      <div class="heading"><div><h1>${s(`record.title`)} ${T(this.customer)}</h1><p>${s(`record.text`)}</p></div>
        <div class="row"><button type="button" class="button" @click=${()=>print()}>${s(`record.print`)}</button></div></div>
      <div class="panel filters no-print">
        <div class="field"><label for="purpose">${s(`record.purpose`)}</label>
          <select id="purpose" aria-describedby="purpose-help" @change=${e=>this.choosePurpose(e.target.value)}>
            ${A(ve(S.policy),this.purpose)}</select></div>
        <p class="help" id="purpose-help">${s(`record.purpose.help`)}</p>
      </div>
      ${this.tabs()}
      ${this.tab===`history`?c`<kx-history .customer=${this.customer}></kx-history>`:N(this.record,e=>this.card(e),()=>this.load())}
    </section>`}tabs(){if(!L(S.me?.role,`history`))return d;let e=e=>c`<button type="button" role="tab" id="tab-${e}" aria-selected=${this.tab===e}
      @click=${()=>{this.tab=e}}>${s(`record.tab.${e}`)}</button>`;return c`<div class="tabs" role="tablist" aria-label=${s(`record.title`)}>${e(`data`)}${e(`history`)}</div>`}card(e){return c`<div class="stack" id="card">
      ${this.facts(e)}
      ${this.fields(e)}
      ${this.consents(e)}
      ${this.actions(e)}
      <p class="print-only">${s(`record.printed`,{name:S.me?.name??``,time:f(Date.now()/1e3)})}</p>
      ${this.dialogs(e)}
    </div>`}facts(e){let t=(e,t)=>c`<div><dt>${e}</dt><dd>${t}</dd></div>`;return c`<div class="panel"><dl class="facts">
      ${t(s(`card.state`),c`${w(e.state)} ${e.held?c`<span class="badge info">${s(`record.held`)}</span>`:d}`)}
      ${t(s(`card.kind`),l(`kind`,e.kind))}
      ${e.stage?t(s(`record.stage`),l(`stage`,e.stage)):d}
      ${t(s(`card.department`),D(e.department))}
      ${t(s(`record.owner`),e.owner?T(e.owner):s(`record.owner.none`))}
      ${t(s(`record.purpose`),O(e.purpose))}
      ${t(s(`record.deadline`),ce(e.deadline))}
      ${t(s(`record.version`),String(e.version))}
    </dl></div>`}fields(e){let t=Object.keys(e.fields??{}),n=(e.hidden??[]).filter(e=>!t.includes(e));return t.length+n.length===0?c`<div class="panel state"><h2>${s(`record.none`)}</h2><p>${s(`record.none.text`)}</p></div>`:c`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`record.tab.data`)}</caption>
      <thead><tr><th scope="col">${s(`record.field`)}</th><th scope="col">${s(`record.value`)}</th><th scope="col">${s(`record.level`)}</th>
        <th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th></tr></thead>
      <tbody>
        ${t.map(t=>c`<tr data-field=${t}><th scope="row">${x(S.policy,t)}</th><td>${E(e.fields[t])}</td>
          <td>${C(e.fields[t].level)}</td><td>${e.fields[t].value===void 0?this.revealButton(t):d}</td></tr>`)}
        ${n.map(e=>c`<tr data-field=${e}><th scope="row">${x(S.policy,e)}</th><td class="muted">${s(`record.hidden`)}</td>
          <td>${C(this.levelOf(e))}</td><td>${this.revealButton(e)}</td></tr>`)}
      </tbody></table></div>`}revealButton(e){return c`<button type="button" class="button small" data-reveal=${e} @click=${()=>{this.revealing=e}}>${s(`reveal.open`)}<span
      class="visually-hidden"> ${x(S.policy,e)}</span></button>`}levelOf(e){return S.policy?.fields.find(t=>t.name===e)?.level??`L3`}consents(e){let t=e.consents??[];return t.length===0?d:c`<div class="panel stack tight"><h2>${s(`record.consents`)}</h2><ul class="card-fields">${t.map(({purpose:e,live:t})=>c`
      <li><span class="badge ${t?`ok`:``}">${s(t?`consent.given`:`consent.none`)}</span> ${O(e)}</li>`)}</ul></div>`}actions(e){let t=S.me?.role,n=(e,t,n=``)=>c`<button type="button" class="button ${n}" id="act-${e}" @click=${()=>{this.act=e}}>${t}</button>`;return c`<div class="row actions no-print">
      ${L(t,`edit`)?n(`edit`,s(`edit.open`)):d}
      ${L(t,`withdraw`)?n(`withdraw`,s(`withdraw.open`)):d}
      ${L(t,`hold`)?n(`hold`,s(e.held?`hold.lift`:`hold.place`)):d}
      ${L(t,`destroy`)?n(`destroy`,s(`destroy.open`),`danger`):d}
    </div>`}dialogs(e){return c`
      ${this.revealing?c`<kx-reveal .customer=${this.customer} .purpose=${this.purpose} .field=${this.revealing}
        .level=${e.fields[this.revealing]?.level??this.levelOf(this.revealing)} @closed=${this.close}></kx-reveal>`:d}
      ${this.act===`edit`?c`<kx-edit .record=${e} .purpose=${this.purpose} @changed=${this.changed} @closed=${this.close}></kx-edit>`:d}
      ${this.act===`withdraw`?c`<kx-withdraw .record=${e} @changed=${this.changed} @closed=${this.close}></kx-withdraw>`:d}
      ${this.act===`hold`?c`<kx-hold .record=${e} @changed=${this.changed} @closed=${this.close}></kx-hold>`:d}
      ${this.act===`destroy`?c`<kx-destroy .record=${e} @changed=${this.changed} @closed=${this.close}></kx-destroy>`:d}`}};y([g()],$.prototype,`customer`,void 0),y([_()],$.prototype,`purpose`,void 0),y([_()],$.prototype,`act`,void 0),y([_()],$.prototype,`revealing`,void 0),y([_()],$.prototype,`tab`,void 0),$=y([h(`kx-record`)],$);var _t=[`nda`,`training`,`vetting`],vt=Array.from({length:22},(e,t)=>`R${t+2}`),yt=class extends j{constructor(...e){super(...e),this.list=new M(this),this.act=new M(this),this.attempt=new p}connectedCallback(){super.connectedCallback(),this.load()}load(){this.list.start(async()=>(await S.api.get(`/v1/staff`)).staff??[])}open(e){this.act.clear(),this.edited=e}send(e){e.preventDefault();let t=new FormData(e.target),n=e=>String(t.get(e)??``).trim(),r={name:n(`name`),role:n(`role`),title:{zh:n(`title_zh`),en:n(`title_en`)},department:n(`department`),active:t.get(`active`)===`on`};for(let e of _t)n(e)&&(r[e]=n(e));for(let e of[`issuer`,`subject`])n(e)&&(r[e]=n(e));this.edited?.staff&&(r.staff=this.edited.staff),this.act.start(async()=>{let{approval:e}=await S.api.post(`/v1/staff/changes`,r,{idempotencyKey:this.attempt.keyFor(r)});this.attempt.done(),I(s(`staff.sent`,{approval:e})),this.edited=void 0})}render(){let e=L(S.me?.role,`register`);return c`<section class="stack">
      <div class="heading"><div><h1>${s(`nav.staff`)}</h1><p>${s(`staff.text`)}</p></div>
        ${e?c`<div class="row"><button type="button" class="button primary" id="staff-add" @click=${()=>this.open({active:!0})}>${s(`staff.add`)}</button></div>`:d}</div>
      ${N(this.list,t=>t.length?this.table(t,e):P(s(`staff.empty`)),()=>this.load())}
      ${this.edited?this.dialog(this.edited):d}
    </section>`}table(e,t){return c`<div class="scroll"><table class="cards"><caption class="visually-hidden">${s(`nav.staff`)}</caption>
      <thead><tr><th scope="col">${s(`staff.name`)}</th><th scope="col">${s(`staff.role`)}</th><th scope="col">${s(`card.department`)}</th>
        ${_t.map(e=>c`<th scope="col">${s(`staff.${e}`)}</th>`)}<th scope="col">${s(`staff.active`)}</th>
        ${t?c`<th scope="col"><span class="visually-hidden">${s(`record.acts`)}</span></th>`:d}</tr></thead>
      <tbody>${e.map(e=>c`<tr>
        <th scope="row">${e.name}<br />${T(e.staff)}</th>
        <td data-label=${s(`staff.role`)}>${k(e.role,e.title)} <span class="badge">${e.role}</span></td>
        <td data-label=${s(`card.department`)}>${D(e.department)}</td>
        ${_t.map(t=>c`<td data-label=${s(`staff.${t}`)}>${De(e[t])}</td>`)}
        <td data-label=${s(`staff.active`)}><span class="badge ${e.active?`ok`:`danger`}">${s(e.active?`yes`:`no`)}</span></td>
        ${t?c`<td><button type="button" class="button small" @click=${()=>this.open(e)}>${s(`staff.change`)}<span class="visually-hidden"> ${e.name}</span></button></td>`:d}
      </tr>`)}</tbody></table></div>`}dialog(e){let t=(e,t,n={})=>{let r=this.act.problem?.at(e);return c`<div class="field"><label for="staff-${e}">${s(`staff.${e}`)}</label>
        <input id="staff-${e}" name=${e} type=${n.type??`text`} .value=${t} ?required=${n.required} autocomplete="off" aria-invalid=${r?`true`:`false`} />
        ${r?c`<span class="error">${ae(r)}</span>`:d}</div>`};return c`<kx-modal heading=${s(e.staff?`staff.change`:`staff.add`)} @closed=${()=>{this.edited=void 0}}>
      <form class="stack" @submit=${e=>this.send(e)}>
        <p class="note info">${s(`staff.change.text`)}</p>
        ${F(this.act.problem)}
        <div class="split">
          ${t(`name`,e.name??``,{required:!0})}
          <div class="field"><label for="staff-role">${s(`staff.role`)}</label><select id="staff-role" name="role" required>
            ${vt.map(t=>c`<option value=${t} .selected=${t===e.role}>${t} ${k(t)}</option>`)}</select></div>
          ${t(`title_zh`,e.title?.zh??``)}${t(`title_en`,e.title?.en??``)}
          <div class="field"><label for="staff-department">${s(`card.department`)}</label><select id="staff-department" name="department" required>
            ${A(S.policy?.departments,e.department??``)}</select></div>
          ${_t.map(n=>t(n,bt(e[n]),{type:`date`}))}
          ${t(`issuer`,``,{required:!e.staff})}${t(`subject`,``,{required:!e.staff})}
        </div>
        <label class="choice"><input type="checkbox" name="active" .checked=${e.active??!0} /><span>${s(`staff.active.text`)}</span></label>
        <div class="row end"><button type="button" class="button" @click=${()=>{this.edited=void 0}}>${s(`action.cancel`)}</button>
          <button class="button primary" ?disabled=${this.act.busy}>${s(`staff.send`)}</button></div>
      </form></kx-modal>`}};y([_()],yt.prototype,`edited`,void 0),yt=y([h(`kx-staff`)],yt);function bt(e){let t=de(e);return t?new Date(t.getTime()-1e3).toISOString().slice(0,10):``}var xt=class extends j{constructor(...e){super(...e),this.hash=location.hash,this.resuming=!!S.token}connectedCallback(){super.connectedCallback(),S.onChange(()=>this.requestUpdate()),addEventListener(`hashchange`,()=>this.moved()),S.resume().catch(()=>{}).finally(()=>{this.resuming=!1})}async moved(){this.hash=location.hash,await this.updateComplete,this.querySelector(`main`)?.focus(),scrollTo(0,0)}render(){return this.resuming?c`<main class="door-page" role="status"><p><span class="spinner"></span> ${s(`state.loading`)}</p></main>`:S.me?this.inside():this.outside()}outside(){return n(s(`page.console`)),c`<div class="page">
      <header class="bar">${a(s(`page.console.sub`))}<div class="tools">${t()}${e(()=>this.requestUpdate())}</div></header>
      <main class="door-page"><kx-sign-in></kx-sign-in></main></div>`}inside(){let r=S.me,[i,o]=this.place();return n(s(`nav.${i}`)),c`<a class="button skip" href="#main" @click=${e=>this.skip(e)}>${s(`skip`)}</a>
      <div class="console">
        <header class="bar">${a(s(`page.console.sub`))}
          <div class="tools">
            <div class="who"><strong>${r.name}</strong><small>${k(r.role,r.title)} · ${D(r.department)}</small></div>
            ${t()}${e(()=>this.requestUpdate())}
            <button type="button" class="button small" id="sign-out" @click=${()=>S.signOut()}>${s(`sign-out`)}</button>
          </div>
        </header>
        <kx-demo></kx-demo>
        <nav aria-label=${s(`nav`)}><ul>${Be(r.role).map(e=>c`
          <li><a href="#/${e}" aria-current=${e===i?`page`:d}>${s(`nav.${e}`)}</a></li>`)}</ul></nav>
        <main id="main" tabindex="-1">${this.view(i,o)}</main>
      </div>`}skip(e){e.preventDefault(),this.querySelector(`main`)?.focus()}place(){let[,e=``,t=``]=this.hash.split(`/`),n=Be(S.me.role)[0]??`customers`;return[e||n,decodeURIComponent(t)]}view(e,t){let n={customers:()=>t?c`<kx-record .customer=${t}></kx-record>`:c`<kx-customers></kx-customers>`,new:()=>c`<kx-new></kx-new>`,pending:()=>c`<kx-pending></kx-pending>`,exports:()=>c`<kx-exports></kx-exports>`,approvals:()=>c`<kx-approvals></kx-approvals>`,staff:()=>c`<kx-staff></kx-staff>`,audit:()=>c`<kx-audit .customer=${t}></kx-audit>`,certificates:()=>c`<kx-certificates .customer=${t}></kx-certificates>`};return Be(S.me.role).length===0?this.nothingToDo():(n[e]??n.customers)()}nothingToDo(){return c`<section><div class="panel state"><h2>${s(`nothing.title`)}</h2>
      <p>${s(`nothing.text`,{role:l(`role`,S.me.role)})}</p></div></section>`}};y([_()],xt.prototype,`hash`,void 0),y([_()],xt.prototype,`resuming`,void 0),xt=y([h(`kexin-console`)],xt),r(),ee(c`<kexin-console></kexin-console><kx-toasts></kx-toasts>`,document.body),o(()=>n(document.title.split(` · `)[0]??``));