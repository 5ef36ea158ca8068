//! Regions and cities: where dealers stand.

use crate::dice::Dice;

/// A region of the network, led by a director.
pub(crate) struct Region {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// Visits for each base customer against the network's: cold, hot and dusty places wear cars differently.
    pub(crate) visits: f64,
}

/// The seven regions; cities name them by their place in this list.
pub(crate) const REGIONS: [Region; 7] = [
    Region { code: "NE", name: "东北大区", visits: 1.05 },
    Region { code: "N", name: "华北大区", visits: 1.01 },
    Region { code: "E", name: "华东大区", visits: 0.98 },
    Region { code: "C", name: "华中大区", visits: 1.00 },
    Region { code: "S", name: "华南大区", visits: 0.97 },
    Region { code: "SW", name: "西南大区", visits: 1.03 },
    Region { code: "NW", name: "西北大区", visits: 0.95 },
];

const NE: usize = 0;
const N: usize = 1;
const E: usize = 2;
const C: usize = 3;
const S: usize = 4;
const SW: usize = 5;
const NW: usize = 6;

/// A city with dealers.
pub(crate) struct City {
    pub(crate) region: usize,
    pub(crate) province: &'static str,
    pub(crate) name: &'static str,
    /// A poetic name dealers like to carry.
    pub(crate) byname: &'static str,
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    /// How many dealers it has against others.
    pub(crate) weight: u32,
}

const fn city(
    region: usize,
    province: &'static str,
    name: &'static str,
    byname: &'static str,
    lat: f64,
    lon: f64,
    weight: u32,
) -> City {
    City { region, province, name, byname, lat, lon, weight }
}

/// The cities, by region and province.
pub(crate) const CITIES: [City; 72] = [
    city(NE, "黑龙江省", "哈尔滨", "冰城", 45.80, 126.53, 4),
    city(NE, "黑龙江省", "齐齐哈尔", "鹤城", 47.35, 123.92, 2),
    city(NE, "黑龙江省", "大庆", "油城", 46.59, 125.10, 2),
    city(NE, "吉林省", "长春", "春城", 43.82, 125.32, 4),
    city(NE, "吉林省", "吉林", "江城", 43.84, 126.55, 2),
    city(NE, "辽宁省", "沈阳", "盛京", 41.80, 123.43, 5),
    city(NE, "辽宁省", "大连", "滨城", 38.95, 121.55, 4),
    city(NE, "辽宁省", "锦州", "锦都", 41.10, 121.13, 2),
    city(N, "北京市", "北京", "燕京", 39.90, 116.40, 7),
    city(N, "天津市", "天津", "津门", 39.13, 117.20, 5),
    city(N, "河北省", "石家庄", "燕赵", 38.04, 114.51, 5),
    city(N, "河北省", "唐山", "凤城", 39.63, 118.18, 4),
    city(N, "河北省", "保定", "保州", 38.87, 115.46, 4),
    city(N, "河北省", "邯郸", "赵都", 36.63, 114.54, 3),
    city(N, "山西省", "太原", "龙城", 37.87, 112.55, 4),
    city(N, "山西省", "大同", "云中", 40.08, 113.30, 2),
    city(N, "内蒙古自治区", "呼和浩特", "青城", 40.84, 111.75, 3),
    city(N, "内蒙古自治区", "包头", "鹿城", 40.66, 109.84, 2),
    city(E, "上海市", "上海", "申城", 31.20, 121.44, 6),
    city(E, "江苏省", "南京", "金陵", 32.06, 118.78, 5),
    city(E, "江苏省", "苏州", "姑苏", 31.30, 120.60, 5),
    city(E, "江苏省", "无锡", "梁溪", 31.57, 120.30, 4),
    city(E, "江苏省", "徐州", "彭城", 34.26, 117.19, 4),
    city(E, "浙江省", "杭州", "钱塘", 30.25, 120.16, 5),
    city(E, "浙江省", "宁波", "甬江", 29.87, 121.54, 4),
    city(E, "浙江省", "温州", "瓯江", 28.00, 120.67, 3),
    city(E, "安徽省", "合肥", "庐州", 31.82, 117.23, 5),
    city(E, "安徽省", "芜湖", "鸠兹", 31.33, 118.38, 2),
    city(E, "山东省", "济南", "泉城", 36.65, 117.00, 5),
    city(E, "山东省", "青岛", "琴岛", 36.11, 120.36, 5),
    city(E, "山东省", "临沂", "沂蒙", 35.10, 118.35, 4),
    city(E, "山东省", "潍坊", "鸢都", 36.71, 119.10, 4),
    city(E, "福建省", "福州", "榕城", 26.07, 119.28, 3),
    city(E, "福建省", "厦门", "鹭岛", 24.52, 118.08, 3),
    city(E, "福建省", "泉州", "刺桐", 24.90, 118.60, 3),
    city(C, "河南省", "郑州", "商都", 34.75, 113.65, 6),
    city(C, "河南省", "洛阳", "神都", 34.66, 112.43, 4),
    city(C, "河南省", "南阳", "宛城", 33.00, 112.53, 4),
    city(C, "河南省", "商丘", "应天", 34.41, 115.65, 3),
    city(C, "湖北省", "武汉", "江夏", 30.59, 114.30, 6),
    city(C, "湖北省", "襄阳", "襄江", 32.01, 112.14, 3),
    city(C, "湖北省", "宜昌", "夷陵", 30.70, 111.28, 3),
    city(C, "湖南省", "长沙", "星城", 28.20, 112.97, 5),
    city(C, "湖南省", "衡阳", "雁城", 26.89, 112.57, 3),
    city(C, "江西省", "南昌", "洪都", 28.68, 115.86, 4),
    city(C, "江西省", "赣州", "虔州", 25.83, 114.93, 3),
    city(S, "广东省", "广州", "羊城", 23.13, 113.27, 6),
    city(S, "广东省", "深圳", "鹏城", 22.60, 114.06, 5),
    city(S, "广东省", "东莞", "莞邑", 22.98, 113.75, 5),
    city(S, "广东省", "佛山", "禅城", 23.02, 113.11, 4),
    city(S, "广东省", "汕头", "鮀城", 23.39, 116.66, 2),
    city(S, "广西壮族自治区", "南宁", "邕城", 22.82, 108.32, 4),
    city(S, "广西壮族自治区", "柳州", "龙壁", 24.33, 109.42, 3),
    city(S, "广西壮族自治区", "桂林", "漓江", 25.27, 110.29, 2),
    city(S, "海南省", "海口", "椰城", 19.98, 110.33, 2),
    city(SW, "重庆市", "重庆", "山城", 29.56, 106.52, 9),
    city(SW, "四川省", "成都", "蜀都", 30.66, 104.06, 8),
    city(SW, "四川省", "绵阳", "涪城", 31.47, 104.74, 4),
    city(SW, "四川省", "南充", "果城", 30.80, 106.10, 3),
    city(SW, "四川省", "宜宾", "酒都", 28.77, 104.62, 3),
    city(SW, "贵州省", "贵阳", "筑城", 26.65, 106.63, 4),
    city(SW, "贵州省", "遵义", "播州", 27.72, 106.92, 3),
    city(SW, "云南省", "昆明", "滇池", 25.04, 102.71, 5),
    city(SW, "云南省", "曲靖", "麒麟", 25.49, 103.80, 2),
    city(SW, "西藏自治区", "拉萨", "日光", 29.65, 91.12, 1),
    city(NW, "陕西省", "西安", "长安", 34.27, 108.95, 6),
    city(NW, "陕西省", "宝鸡", "陈仓", 34.36, 107.23, 2),
    city(NW, "甘肃省", "兰州", "金城", 36.06, 103.83, 3),
    city(NW, "青海省", "西宁", "夏都", 36.62, 101.78, 2),
    city(NW, "宁夏回族自治区", "银川", "凤凰", 38.47, 106.27, 2),
    city(NW, "新疆维吾尔自治区", "乌鲁木齐", "天山", 43.83, 87.62, 3),
    city(NW, "新疆维吾尔自治区", "喀什", "疏勒", 39.47, 75.99, 1),
];

/// A city drawn by weight, as its place in `CITIES`.
pub(crate) fn draw_city(dice: &mut Dice) -> usize {
    let mut left = dice.below(CITIES.iter().map(|c| c.weight).sum());
    for (index, city) in CITIES.iter().enumerate() {
        if left < city.weight {
            return index;
        }
        left -= city.weight;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_lie_in_china_and_every_region_has_some() {
        for city in &CITIES {
            assert!((18.0..54.0).contains(&city.lat) && (73.0..136.0).contains(&city.lon), "{}", city.name);
        }
        for region in 0..REGIONS.len() {
            assert!(CITIES.iter().filter(|c| c.region == region).count() >= 7);
        }
        let mut names: Vec<_> = CITIES.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CITIES.len());
    }
}
