# %% [markdown]
# # 用已发表的结果检验方法 / Published results out of the library's methodologies
#
# 吉林（两次清查、18 个林型）和新疆喀纳斯（6 个树种、两次调查）的森林碳储量都已发表。这里用同样的面积、密度、蓄积量
# 重算，逐行列出偏差。
#
# *Forest carbon of Jilin (18 types, two inventories) and of the Kanas reserve in Xinjiang (6 species, two surveys) is
# published. Here it is computed again from the same areas, densities and volumes, with the deviation of every row.*

# %%
import pandas as pd

import sinks

published = pd.read_csv("../data/published/forest_carbon.csv", dtype={"region_code": str})
published.groupby(["province", "date"])[["area_ha", "stock_tg_c"]].sum()

# %% [markdown]
# ## 面积 × 密度 / Area times density
#
# `measured_density` 按实测碳密度核算。偏差大的行是原文自身的不一致：面积乘密度不等于其碳储量。
#
# *`measured_density` takes carbon as it was measured. Rows that deviate do not agree with themselves in print.*

# %%
measured = sinks.Registry().get("measured_density")
jilin = published[(published["province"] == "Jilin") & (published["area_ha"] > 0)].copy()
land = pd.DataFrame({"ecosystem": "forest", "carbon_density": jilin["density_t_c_per_ha"].to_numpy()})
jilin["found_tg_c"] = measured.evaluate(land)["biomass"] * jilin["area_ha"].to_numpy() / 1e6
jilin["deviation_percent"] = 100 * (jilin["found_tg_c"] / jilin["stock_tg_c"] - 1)
jilin[["date", "type_zh", "type_en", "stock_tg_c", "found_tg_c", "deviation_percent"]].round(3)

# %%
sums = jilin.groupby("date")[["stock_tg_c", "found_tg_c"]].sum()
sums.assign(gain_per_year=sums["found_tg_c"].diff() / 5).round(2)

# %% [markdown]
# ## 蓄积量 → 碳 / From volume to carbon
#
# 喀纳斯的地上碳储量由各树种的回归算得；正式核算所用的全国线性模型（`growing_stock_linear`）只凭树种组和蓄积量。
# 两者相差的幅度，就是把全国模型用于一个地区的误差。
#
# *Kanas has a regression for each species; the models of record, `growing_stock_linear`, know the group and the volume
# only. How far they are apart is what a national model errs by in one region.*

# %%
linear = sinks.Registry().get("growing_stock_linear")
groups = {"西伯利亚落叶松": "larch", "西伯利亚云杉": "spruce", "疣枝桦": "birch", "欧洲山杨": "poplar"}
kanas = published[published["type_zh"].isin(groups)].copy()
land = pd.DataFrame(
    {
        "ecosystem": "forest",
        "species_group": kanas["type_zh"].map(groups).to_numpy(),
        "growing_stock": (kanas["volume_m3"] / kanas["area_ha"]).to_numpy(),
    }
)
kanas["found_tg_c"] = linear.evaluate(land)["above_ground_biomass"] * kanas["area_ha"].to_numpy() / 1e6
kanas["deviation_percent"] = 100 * (kanas["found_tg_c"] / kanas["stock_tg_c"] - 1)
kanas[["date", "type_zh", "type_en", "stock_tg_c", "found_tg_c", "deviation_percent"]].round(3)
