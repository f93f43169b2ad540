package archive

import "strings"

// readme returns README.txt in both languages: what the files are, how to check them, and the duty of whoever holds them.
func readme(f Facts, data string) []byte {
	text := strings.NewReplacer("{data}", data, "{export}", string(f.Export), "{watermark}", string(f.Watermark)).Replace(readmeText)
	return []byte("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"))
}

const readmeText = `客信 Kexin — 客户信息导出 {export}

本压缩包含有客户个人信息，仅供申请人按批准的目的使用，不得转发、复制或另作他用，用毕请删除。
每一行和文件名都带有水印编号 {watermark}，可以追查到申请人。

文件
  {data}  数据，每位客户一行
  manifest.json  清单：导出时间、目的、申请人、审批、字段、筛选条件、各文件的哈希值
  manifest.dsse.json  清单的数字签名（DSSE，ECDSA P-256）

离线验证（任何一个字节被改动都会报错，并指出是哪一部分）
  kexin verify 压缩包.zip --keys keys.json
  keys.json 是本单位公布的公钥文件，请从可信渠道取得，不要使用随压缩包一起收到的文件。

CSV 说明：为防止电子表格把内容当作公式执行或丢失数字，以 = + - @ 等开头的单元格、以 0 开头的数字和超过 15 位的数字前加了一个
撇号（'），去掉第一个撇号即为原值；手机号 +86… 也是如此。

----------------------------------------------------------------------------------------------------------------

客信 Kexin — export of customer information {export}

This archive holds personal information of customers. Only its requester may use it, and only for the approved purpose. Do not
forward it, copy it or use it for anything else, and delete it when the work is done.
Every row and the file name carry the watermark id {watermark}, which leads to the requester.

Files
  {data}  the data, one row for each customer
  manifest.json  time, purpose, requester, approvals, fields, filter, and the hash of each file
  manifest.dsse.json  the digital signature of manifest.json (DSSE, ECDSA P-256)

Checking offline (any altered byte is reported, with the part that it is in)
  kexin verify ARCHIVE.zip --keys keys.json
  keys.json is the public key file that the company publishes. Get it from a place that you trust, never along with the archive.

About CSV: so that no spreadsheet runs a value as a formula or drops digits, cells that begin with = + - @ and the like, numbers with
a leading zero and numbers of more than 15 digits have an apostrophe (') in front. Without the first apostrophe the value is as it was;
phone numbers such as +86… are among them.
`
