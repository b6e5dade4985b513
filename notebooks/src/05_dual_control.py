# %% [markdown]
# # 05 双控评价与 CCER
#
# 把每个盟市的碳汇与排放、强度目标放在一起：计不计碳汇、怎样计，结论差多少；CCER 吨数怎样扣除。排放、GDP、目标与台账都是**示意数据**。
#
# *The sink of every league beside its emissions and target; how much depends on the way it is counted; CCER. Illustrative tables.*

# %%
import sinks

project = sinks.Project.read("../data/projects/demo.toml")
content = project.record()
content["project"]["draws"] = 200
content["regions"]["levels"] = ["league"]
content["methodologies"] = [one for one in content["methodologies"] if one.get("role") != "comparison"]
content.pop("restoration"), content.pop("potential")
run = sinks.run(sinks.Project.from_dict(content, folder=project.folder))
evaluation = run.assess()
verdicts = evaluation.assessment.verdicts()
verdicts = verdicts[(verdicts["year"] == 2023) & (verdicts["region_code"] != "150000")]
columns = ["region_name", "change_gross", "change_net_net", "change_net_report_year", "required_change", "verdict"]
axes = verdicts.set_index("region_code")[columns[1:4]].plot.bar(figsize=(9, 3), width=0.8)
axes.set_xlabel(""), axes.set_ylim(-0.4, 0.7)
verdicts[columns].round(3)

# %% [markdown]
# 三列是同一件事的三种算法：不计碳汇、两年均计碳汇、只在报告年计碳汇。第三种总是好看，但不可比。
# `verdict`：1 完成，−1 未完成，0 在碳汇的不确定性范围内不能判定。
#
# *Three ways to state one reduction: without the sink, with it in both years, in the report year only (flattering). Verdict: 1 met, -1 not met, 0
# not decided within the uncertainty of the sink.*
#
# 两年计同一个碳汇，基年和报告年都减去同样的吨数，并不会让下降率变大；碳汇很大的盟市，基年净排放接近零，百分比失去意义（呼伦贝尔）。
#
# *The same sink in both years does not make the reduction larger; where it nearly equals the emissions, a percentage loses its meaning.*

# %% [markdown]
# ## 规则：没有文件规定的都是假定 / The rule: assumed unless a document says so

# %%
rule = run.assessment.query("region_code == 'all'")
rule[["quantity", "basis", "value", "note"]]

# %% [markdown]
# ## 换一种规则 / Another rule
#
# 抵扣系数一半、上限为当年排放的 5 %。不用重新核算，只重新评价。
#
# *Half the coefficient, at most 5 % of the emissions: assessed anew, without running again.*

# %%
content["assessment"]["rule"] |= {"k": 0.5, "cap_share": 0.05}
strict = run.assess(sinks.Project.from_dict(content, folder=project.folder))


def counted(evaluation):
    """计入的碳汇，万tCO2 / the sink counted, 10^4 t CO2."""
    table = evaluation.assessment.table
    return table[(table["year"] == 2023) & (table["quantity"] == "sink_counted")].set_index("region_name")["value"] / 1e4


both = counted(evaluation).rename("原规则 / rule").to_frame().join(counted(strict).rename("严格 / strict"))
both.round(2)

# %% [markdown]
# ## 结论在哪里会变 / Where the conclusion would change
#
# `break_even_sink`：计入多少碳汇刚好完成；`verdict_without_sink`：不计碳汇的结论。
#
# *`break_even_sink` is the counted sink at which the target is just met.*

# %%
table = evaluation.assessment.table
table = table[(table["year"] == 2023) & table["quantity"].isin(["sink_counted", "break_even_sink", "gap_gross"])]
(table.pivot(index="region_name", columns="quantity", values="value") / 1e4).round(2)

# %% [markdown]
# ## CCER：一吨只算一次 / CCER: no tonne twice
#
# 已登记、已转让的吨数从碳汇中扣除；台账逐吨编号。
#
# *Registered and transferred tonnes leave the sink; each has a number.*

# %%
evaluation.ledger.head(6)

# %% [markdown]
# 两个项目的范围和期限重叠会怎样？故意复制一个项目：
#
# *What if two projects share land and time? One is copied on purpose:*

# %%
import geopandas as gpd
import pandas as pd

projects = gpd.read_file("../data/vector/ccer_projects.gpkg")
copy = projects.iloc[[0]].assign(project_id="C9")
pd.concat([projects, copy]).to_file("overlapping.gpkg")

from pathlib import Path

content = project.record()
content["assessment"]["credit_projects"] = str(Path("overlapping.gpkg").resolve())
try:
    run.assess(sinks.Project.from_dict(content, folder=project.folder))
except sinks.SinksError as error:
    print(error)

# %% [markdown]
# 碳预算、目标指标、价值等见[评价的定义](../docs/assessment.md)。
#
# *Budget, indicators and value: see the assessment in detail.*
