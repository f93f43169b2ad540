package policy

// The files of a pack as they are written. docs/packs.md describes every key.

type packFile struct {
	ID          val[string]    `yaml:"id"`
	Extends     val[string]    `yaml:"extends"`
	Title       text           `yaml:"title"`
	Processor   rawProcessor   `yaml:"processor"`
	Departments dict[text]     `yaml:"departments"`
	Levels      dict[rawLevel] `yaml:"levels"`
	Limits      rawLimits      `yaml:"limits"`
	Reasons     dict[text]     `yaml:"reasons"`
	Channels    dict[rawChan]  `yaml:"channels"`
	At          Pos
}

type rawProcessor struct {
	Name     text        `yaml:"name"`
	Address  text        `yaml:"address"`
	Contact  val[string] `yaml:"contact"`
	InCharge text        `yaml:"in_charge"`
	At       Pos
}

type rawLevel struct {
	Label           text      `yaml:"label"`
	RevealReason    val[bool] `yaml:"reveal_reason"`
	RevealSeconds   val[int]  `yaml:"reveal_seconds"`
	Approval        val[bool] `yaml:"approval"`
	NDA             val[bool] `yaml:"nda"`
	Training        val[bool] `yaml:"training"`
	Vetting         val[bool] `yaml:"vetting"`
	ExportApprovers val[int]  `yaml:"export_approvers"`
	At              Pos
}

type rawLimits struct {
	PurgeCustomers   val[int]     `yaml:"purge_customers"`
	PurgeShare       val[float64] `yaml:"purge_share"`
	ExportRows       val[int]     `yaml:"export_rows"`
	ExportLife       val[string]  `yaml:"export_life"`
	ApprovalLife     val[string]  `yaml:"approval_life"`
	SubmissionLife   val[string]  `yaml:"submission_life"`
	PendingLife      val[string]  `yaml:"pending_life"`
	WithdrawnDestroy val[string]  `yaml:"withdrawn_destroy"`
	DestroyWithin    val[string]  `yaml:"destroy_within"`
	RecoveryDays     val[int]     `yaml:"recovery_days"`
	DailyReads       val[int]     `yaml:"daily_reads"`
	SearchResults    val[int]     `yaml:"search_results"`
	LongestRetention val[string]  `yaml:"longest_retention"`
	At               Pos
}

type rawChan struct {
	Title  text      `yaml:"title"`
	Public val[bool] `yaml:"public"`
	At     Pos
}

type rawRetention struct {
	Trigger   val[string] `yaml:"trigger"`
	Period    val[string] `yaml:"period"`
	Origin    val[string] `yaml:"origin"`
	Confirmed val[bool]   `yaml:"confirmed"`
	At        Pos
}

type rawPurpose struct {
	Title       text          `yaml:"title"`
	Basis       val[string]   `yaml:"basis"`
	Necessity   text          `yaml:"necessity"`
	Retention   rawRetention  `yaml:"retention"`
	Minimum     rawRetention  `yaml:"minimum"`
	Marketing   val[bool]     `yaml:"marketing"`
	Operational val[bool]     `yaml:"operational"`
	Articles    []val[string] `yaml:"articles"`
	At          Pos
}

type rawOption struct {
	Value val[string] `yaml:"value"`
	ZH    val[string] `yaml:"zh"`
	EN    val[string] `yaml:"en"`
	At    Pos
}

type rawField struct {
	Title           text          `yaml:"title"`
	Type            val[string]   `yaml:"type"`
	Check           val[string]   `yaml:"check"`
	Use             val[string]   `yaml:"use"`
	Category        val[string]   `yaml:"category"`
	Level           val[string]   `yaml:"level"`
	SourceLabel     val[string]   `yaml:"source_label"`
	Sensitive       val[bool]     `yaml:"sensitive"`
	SeparateConsent val[bool]     `yaml:"separate_consent"`
	Purposes        []val[string] `yaml:"purposes"`
	Required        val[bool]     `yaml:"required"`
	Necessity       text          `yaml:"necessity"`
	Effect          text          `yaml:"effect"`
	Kinds           []val[string] `yaml:"kinds"`
	Options         []rawOption   `yaml:"options"`
	Mask            val[string]   `yaml:"mask"`
	Unique          val[string]   `yaml:"unique"`
	Search          []val[string] `yaml:"search"`
	MaxLength       val[int]      `yaml:"max_length"`
	OnCard          val[bool]     `yaml:"on_card"`
	Export          val[bool]     `yaml:"export"`
	Articles        []val[string] `yaml:"articles"`
	At              Pos
}

type rawApproval struct {
	By val[string] `yaml:"by"`
	On val[string] `yaml:"on"`
	At Pos
}

type rawNotice struct {
	Title    text          `yaml:"title"`
	Purposes []val[string] `yaml:"purposes"`
	Parts    dict[text]    `yaml:"parts"`
	Script   val[string]   `yaml:"script"`
	Approved rawApproval   `yaml:"approved"`
	At       Pos
}

type rawForm struct {
	Version    val[int]      `yaml:"version"`
	Title      text          `yaml:"title"`
	Intro      text          `yaml:"intro"`
	Notice     val[string]   `yaml:"notice"`
	Purposes   []val[string] `yaml:"purposes"`
	Mandatory  []val[string] `yaml:"mandatory"`
	Ticked     []val[string] `yaml:"ticked"` // known only so that it can be refused with a reason
	Fields     []val[string] `yaml:"fields"`
	Kinds      []val[string] `yaml:"kinds"`
	Channels   []val[string] `yaml:"channels"`
	Department val[string]   `yaml:"department"`
	Approved   rawApproval   `yaml:"approved"`
	Live       val[bool]     `yaml:"live"`
	At         Pos
}

type rawRole struct {
	Title    text          `yaml:"title"`
	Duties   text          `yaml:"duties"`
	Purposes []val[string] `yaml:"purposes"`
	At       Pos
}

type (
	purposesFile struct {
		Purposes dict[rawPurpose] `yaml:"purposes"`
	}
	fieldsFile struct {
		Fields dict[rawField] `yaml:"fields"`
	}
	noticesFile struct {
		Notices dict[rawNotice] `yaml:"notices"`
	}
	formsFile struct {
		Forms dict[rawForm] `yaml:"forms"`
	}
	rolesFile struct {
		Roles dict[rawRole] `yaml:"roles"`
	}
)

// folder is one pack as it is written.
type folder struct {
	id       string
	pack     packFile
	purposes dict[rawPurpose]
	fields   dict[rawField]
	notices  dict[rawNotice]
	forms    dict[rawForm]
	roles    dict[rawRole]
	cedar    []CedarFile
}
