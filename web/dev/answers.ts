// What the stand-in answers. Invented people only.
type Answer = (body: any, parts: string[]) => [number, unknown];

const text = (zh: string, en: string) => ({ zh, en });
const purposes = [
  { id: 'contract_service', title: text('提供您所要的服务', 'To provide the service you asked for'), necessity: text('知道为谁提供什么服务，并能联系到对方', 'To know whom to serve with what'), basis: 'consent', asks: true, mandatory: true, retention: 'P3Y' },
  { id: 'customer_service', title: text('客户服务', 'Customer service'), necessity: text('解答、建议和照顾客户', 'To answer, advise and look after the customer'), basis: 'consent', asks: true, mandatory: false, retention: 'P2Y' },
  { id: 'marketing', title: text('营销推广(自愿)', 'Offers and news (voluntary)'), necessity: text('客户自愿选择后发送优惠和消息', 'To send offers and news, only after opt-in'), basis: 'consent', asks: true, mandatory: false, retention: 'P1Y' },
];
const all = ['individual', 'enterprise', 'sole_trader', 'public_institution'];
const field = (name: string, zh: string, en: string, level: string, more: object = {}) => ({
  name, title: text(zh, en), type: 'str', check: '', required: false, necessity: text('用于提供服务，可不填', 'Used for the service; optional'), effect: text('', ''), level,
  label: text('', ''), sensitive: false, separate_consent: false, kinds: all, options: [], max_length: 200, search: [], unique: false, export: level !== 'L3',
  on_card: false, purposes: ['contract_service', 'customer_service'], ...more,
});
const fields = [
  field('name', '姓名', 'Name', 'L1', { check: 'person_name', required: true, kinds: ['individual', 'sole_trader'], search: ['exact', 'two', 'initials'], on_card: true }),
  field('company_name', '单位名称', 'Name of the organisation', 'L1', { check: 'company_name', required: true, kinds: ['enterprise', 'public_institution'] }),
  field('phone', '手机或电话', 'Phone number', 'L1', { check: 'phone', required: true, unique: true, search: ['last4'], on_card: true }),
  field('email', '邮箱', 'E-mail address', 'L1', { check: 'email', unique: true, on_card: true }),
  field('service_request', '所需服务', 'Service wanted', 'L1', { type: 'text', max_length: 500 }),
  field('gender', '性别', 'Gender', 'L1', { type: 'enum', kinds: ['individual', 'sole_trader'], options: [{ value: 'male', title: text('男', 'Male') }, { value: 'female', title: text('女', 'Female') }] }),
  field('contact_address', '联系地址', 'Contact address', 'L2', { type: 'str' }),
  field('id_number', '身份证号码', 'ID number', 'L2', { check: 'cn_id', sensitive: true, separate_consent: true, kinds: ['individual', 'sole_trader'], effect: text('身份证号码泄露后可能被他人冒用。', 'A leaked ID number can be misused in your name.') }),
  field('home_address', '家庭住址', 'Home address', 'L3', { sensitive: true, separate_consent: true, kinds: ['individual', 'sole_trader'], effect: text('家庭住址泄露会影响生活安宁。', 'A leaked home address touches your peace and safety.') }),
];
const channels = [
  { id: 'online_form', title: text('网上表单', 'Online form'), public: true }, { id: 'phone', title: text('电话', 'Phone'), public: false },
  { id: 'face_to_face', title: text('当面', 'Face to face'), public: false },
];
const form = {
  id: 'service', version: 1, schema: 'P06@0123456789abcdef', title: text('服务登记', 'Service registration'), intro: text('请先阅读告知。', 'Please read the notice first.'),
  processor: { name: text('春和生活服务有限公司', 'Chunhe Life Services Co., Ltd.'), address: text('杭州', 'Hangzhou'), contact: 'privacy@chunhe.example', in_charge: text('林知微', 'Lin Zhiwei') },
  notice: { version: 'service/1', title: text('客户信息收集告知', 'Notice on collecting your information'), script: 'script-service-1',
    parts: ['identity', 'purpose', 'method', 'scope', 'use', 'sharing', 'retention', 'rights', 'security'].map((part) => ({ part, text: text('这里是告知的一部分，说明我们是谁、做什么、为什么。', 'This is one part of the notice: who we are, what we do and why.') })) },
  purposes, fields, kinds: all, channels,
};
const level = (id: string, zh: string, en: string) => ({ id, title: text(zh, en) });
const policy = {
  pack: 'P06@0123456789abcdef', purposes, fields, forms: [form], channels,
  reasons: [level('answer_customer', '回复或联系客户', 'To answer or contact the customer'), level('verify_identity', '核验客户身份', 'To verify identity')],
  departments: [level('service', '客户服务部', 'Customer service'), level('sales', '销售部', 'Sales')],
  levels: [level('L0', '公开', 'Public'), level('L1', '一般', 'General'), level('L2', '敏感', 'Sensitive'), level('L3', '高度敏感', 'Highly sensitive')],
};
const id = (n: number) => `cus_${'abcdefghijklmnopqrstuvwxyz'.slice(n % 9, (n % 9) + 8)}2345672345672345ma`;
const card = (n: number, state = 'live') => ({ customer: id(n), kind: 'individual', stage: 'active', state, owner: '', department: 'service',
  fields: { name: { masked: '周*', level: 'L1' }, phone: { masked: '139****0010', level: 'L1' }, email: { masked: 'z***@mail.example', level: 'L1' } } });
const accounts = [['clerk', '江晓月', 'R2', 'service'], ['manager', '罗文博', 'R9', 'service'], ['head', '何静', 'R8', 'service'], ['admin', '杜明', 'R10', 'information'],
  ['auditor', '沈岚', 'R11', 'supervision'], ['engineer', '郭涛', 'R13', 'it']] as const;
let signedIn = accounts[3] as readonly string[];
const me = () => ({ staff: `stf_${signedIn[0]}`, name: signedIn[1], role: signedIn[2], title: text(signedIn[0]!, signedIn[0]!), department: signedIn[3], nda: '2027-01-01T00:00:00Z', training: '2027-01-01T00:00:00Z', vetting: null, active: true });
const problem = (status: number, kind: string, errors: object[] = []): [number, unknown] => [status, { type: `/problems/${kind}`, title: kind, status, instance: 'urn:kexin:request:req_1', errors }];
const order = { export: 'exp_abcdefgh2345672345672345ma', state: 'ready', purpose: 'contract_service', reason: 'answer_customer', fields: ['name', 'phone'], rows: 12, created: '2026-09-20T08:00:00Z', expires: '2026-09-27T08:00:00Z' };

/** Method, path and answer. */
export const answers: [string, RegExp, Answer][] = [
  ['GET', /^\/v1\/forms\/service$/, () => [200, form]],
  ['POST', /^\/v1\/forms\/service\/submissions$/, (body) => (body.fields.phone === '000' ? problem(422, 'invalid-field', [{ field: 'body.fields.phone', code: 'bad_phone', message: '' }])
    : [201, { submission: 'sub_abcdefgh2345672345672345ma', received: '2026-09-20T08:00:00Z', refused: [{ field: 'fields.gender', code: 'no_purpose_left' }], receipt: { format: 'kexin-consent-receipt/1' } }])],
  ['GET', /^\/v1\/keys$/, () => [200, {}]],
  ['GET', /^\/v1\/config$/, () => [200, { demonstration: true, company: text('春和生活服务有限公司', 'Chunhe Home Services'), pack: { id: 'P06', version: 'P06@mock' } }]],
  ['GET', /^\/dev\/accounts$/, () => [200, { accounts: accounts.map(([subject, name, role, department]) => ({ subject, name, role, department, title: text('', '') })) }]],
  ['POST', /^\/dev\/token$/, (body) => { signedIn = accounts.find(([subject]) => subject === body.subject) ?? accounts[0]; return [200, { token: 'mock', expires: '' }]; }],
  ['GET', /^\/dev\/clock$/, () => [200, { now: '2026-09-20T08:00:00Z', offset: '0s' }]],
  ['POST', /^\/dev\/clock$/, () => [200, { now: '2029-09-20T08:00:00Z', offset: '26280h' }]],
  ['POST', /^\/dev\/jobs\//, () => [200, { built: 1, waiting: 0 }]],
  ['GET', /^\/v1\/me$/, () => [200, me()]],
  ['GET', /^\/v1\/policy$/, () => [200, policy]],
  ['GET', /^\/v1\/customers$/, () => [200, { customers: [0, 1, 2, 3, 4].map((n) => card(n)), next: 'more' }]],
  ['POST', /^\/v1\/customers$/, () => [201, { customer: id(1), state: 'live', version: 1, refused: [] }]],
  ['POST', /^\/v1\/customers\/search$/, (body) => [200, { customers: body.text === '0' ? [] : [card(1)] }]],
  ['GET', /^\/v1\/customers\/(cus_\w+)$/, (_, [customer]) => [200, { ...card(0), customer, version: 3, purpose: 'contract_service', deadline: '2029-09-20T08:00:00Z', held: false,
    fields: { name: { value: '周晓', level: 'L1' }, phone: { value: '13900000010', level: 'L1' }, id_number: { masked: '3301**********0011', level: 'L2' } }, hidden: ['home_address'],
    consents: [{ purpose: 'contract_service', notice: 'service/1', live: true }, { purpose: 'marketing', notice: 'service/1', live: false }] }]],
  ['PATCH', /^\/v1\/customers\/(cus_\w+)$/, () => problem(412, 'precondition-failed')],
  ['POST', /^\/v1\/customers\/cus_\w+\/reveals$/, (body) => (body.field === 'home_address' && !body.approval ? [202, { approval: 'apr_abcdefgh2345672345672345ma' }] : [200, { field: body.field, value: '330106198801010011', seconds: 30 }])],
  ['POST', /^\/v1\/customers\/cus_\w+\/(holds|destructions|withdrawals)$/, () => [200, { version: 4 }]],
  ['GET', /^\/v1\/customers\/cus_\w+\/history$/, () => [200, { entries: [{ at: '2026-09-20T08:00:00Z', action: 'read', verdict: 'allow', code: 'allow', actor: 'stf_abcdefgh23456723', role: 'R2', purpose: 'contract_service', fields: ['name', 'phone'] }] }]],
  ['GET', /^\/v1\/customers\/cus_\w+\/certificate$/, () => problem(409, 'not-sealed')],
  ['GET', /^\/v1\/audit$/, () => [200, { entries: [] }]],
  ['GET', /^\/v1\/pending$/, () => [200, { pending: [{ card: card(4, 'pending'), version: 1, deadline: '2026-10-20T08:00:00Z', channel: 'online_form', received: '2026-09-20T08:00:00Z', matches: [card(1)] }] }]],
  ['POST', /^\/v1\/pending\//, () => [200, { version: 2 }]],
  ['POST', /^\/v1\/exports\/preview$/, () => [200, { level: 'L2', approvals: 1 }]],
  ['GET', /^\/v1\/exports$/, () => [200, { exports: [order, { ...order, state: 'requested', approval: 'apr_abcdefgh2345672345672345ma' }, { ...order, state: 'revoked' }] }]],
  ['POST', /^\/v1\/exports$/, () => [202, { ...order, state: 'requested', approval: 'apr_abcdefgh2345672345672345ma' }]],
  ['POST', /^\/v1\/exports\/exp_\w+\/revocations$/, () => [200, { ...order, state: 'revoked' }]],
  ['GET', /^\/v1\/approvals$/, () => [200, { requests: [{ approval: 'apr_abcdefgh2345672345672345ma', action: 'reveal', by: 'stf_other', name: '江晓月', role: 'R4', customer: id(1), fields: ['home_address'], purpose: 'contract_service', reason: 'verify_identity', level: 'L3', needed: 1, given: 0, state: 'open', created: '2026-09-20T08:00:00Z', expires: '2026-09-20T16:00:00Z' }] }]],
  ['POST', /^\/v1\/approvals\//, () => [200, { given: 1, needed: 1, state: 'approved' }]],
  ['GET', /^\/v1\/staff$/, () => [200, { staff: [me()] }]],
  ['POST', /^\/v1\/staff\/changes$/, () => [202, { approval: 'apr_abcdefgh2345672345672345ma' }]],
];
