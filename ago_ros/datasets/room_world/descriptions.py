"""What things are, and what they are for: more ways than one to speak of a class, for models that learn from words."""

from __future__ import annotations

KINDS: dict[str, tuple[str, ...]] = {
    "piece of furniture": (
        "sofa", "armchair", "bed", "table", "coffee table", "desk", "workbench", "bookcase", "cupboard", "wardrobe",
        "chest of drawers", "nightstand", "kitchen counter", "sideboard", "chair", "office chair", "stool", "shelf",
    ),
    "furniture": (
        "sofa", "armchair", "bed", "table", "coffee table", "desk", "workbench", "bookcase", "cupboard", "wardrobe",
        "chest of drawers", "nightstand", "kitchen counter", "sideboard", "chair", "office chair", "stool", "shelf",
    ),
    "seat": ("sofa", "armchair", "chair", "office chair", "stool"),
    "seat with a backrest": ("sofa", "armchair", "chair", "office chair"),
    "storage furniture": ("bookcase", "cupboard", "wardrobe", "chest of drawers", "nightstand", "sideboard", "shelf"),
    "bedroom furniture": ("bed", "wardrobe", "chest of drawers", "nightstand"),
    "household appliance": (
        "fridge", "stove", "washing machine", "vacuum cleaner", "kettle", "microwave", "coffee machine", "blender",
        "iron", "fan",
    ),
    "large household appliance": ("fridge", "stove", "washing machine"),
    "kitchen appliance": ("fridge", "stove", "kettle", "microwave", "coffee machine", "blender"),
    "small kitchen appliance": ("kettle", "microwave", "coffee machine", "blender"),
    "bathroom fixture": ("bathtub", "toilet", "washbasin"),
    "sanitary ware": ("bathtub", "toilet", "washbasin"),
    "container": (
        "cardboard box", "crate", "basket", "bin", "suitcase", "jar", "tin can", "milk carton", "cereal box", "bottle",
        "vase", "soap bottle", "tissue box", "toolbox", "watering can", "pencil holder",
    ),
    "kitchenware": (
        "mug", "teacup", "plate", "bowl", "drinking glass", "kettle", "saucepan", "frying pan", "knife", "wooden spoon",
        "cutting board",
    ),
    "tableware": ("mug", "teacup", "plate", "bowl", "drinking glass"),
    "crockery": ("mug", "teacup", "plate", "bowl"),
    "drinking vessel": ("mug", "teacup", "drinking glass"),
    "cookware": ("saucepan", "frying pan", "kettle"),
    "pan": ("saucepan", "frying pan"),
    "food": (
        "apple", "orange", "lemon", "tomato", "banana", "bread", "carrot", "pineapple", "cake", "egg", "cereal box",
        "milk carton",
    ),
    "fruit": ("apple", "orange", "lemon", "banana", "pineapple"),
    "citrus fruit": ("orange", "lemon"),
    "vegetable": ("tomato", "carrot"),
    "fruit or vegetable": ("apple", "orange", "lemon", "tomato", "banana", "carrot", "pineapple"),
    "baked goods": ("bread", "cake"),
    "electronic device": (
        "laptop", "monitor", "keyboard", "computer mouse", "television", "remote control", "mobile phone", "speaker",
        "headphones", "camera", "printer",
    ),
    "computer equipment": ("laptop", "monitor", "keyboard", "computer mouse", "printer"),
    "audio equipment": ("speaker", "headphones"),
    "light": ("floor lamp", "desk lamp", "table lamp", "candle"),
    "light source": ("floor lamp", "desk lamp", "table lamp", "candle"),
    "lamp": ("floor lamp", "desk lamp", "table lamp"),
    "toy": ("toy car", "building blocks", "doll", "rubber duck", "football"),
    "plaything": ("toy car", "building blocks", "doll", "rubber duck", "football"),
    "tool": ("hammer", "screwdriver", "drill", "scissors", "ladder", "toolbox"),
    "sports equipment": ("football", "dumbbell", "baseball bat"),
    "bag": ("handbag", "backpack", "suitcase"),
    "ornament": ("vase", "trophy", "candle", "picture frame", "house plant", "picture"),
    "textile": ("curtain", "rug", "towel", "pillow"),
    "opening in a wall": ("window", "door"),
    "thing on the wall": ("picture", "mirror", "wall clock", "curtain", "radiator", "shelf"),
    "stationery": ("book", "notebook", "pencil holder", "scissors"),
    "thing with pages": ("book", "notebook"),
    "clock": ("wall clock", "alarm clock"),
    "timepiece": ("wall clock", "alarm clock"),
    "musical instrument": ("piano",),
}  # fmt: skip
"""Kinds of things, and every class that is one."""

USES: dict[str, tuple[str, ...]] = {
    "sofa": (
        "long upholstered seat for several people", "settee", "lounge sofa", "wide seat with a backrest and armrests",
        "padded seat for a family", "seat to watch television from together", "seat wider than one person",
    ),
    "armchair": (
        "soft chair with arms to relax in", "upholstered lounge chair", "lounge chair", "padded chair with armrests",
        "upholstered single seat", "comfy chair for reading", "wide cushioned chair for one person", "one-seat sofa",
        "fireside chair",
    ),
    "bed": (
        "place to sleep", "mattress with a headboard", "place to lie down at night", "furniture for sleeping on",
        "bedstead", "bed frame with a mattress", "main furniture of a bedroom", "place for pillows and blankets",
        "sleeping place", "where people sleep at night", "furniture to lie on under covers",
    ),
    "table": (
        "furniture to eat at", "flat top on four legs", "kitchen table", "dinner table", "table for meals",
        "table that chairs stand around", "furniture to sit around for dinner", "family table",
    ),
    "coffee table": (
        "short table in front of a sofa", "small table of a living room", "low table", "lounge table", "sofa table",
        "living room table", "knee-high table", "low table between sofa and television",
    ),
    "desk": (
        "place to write and study at", "office furniture", "writing desk", "office desk", "computer desk", "study desk",
        "work desk", "homework desk", "furniture for working at a computer", "table in a study or office",
        "table for paperwork",
    ),
    "workbench": (
        "sturdy bench with a vice", "bench of a workshop", "bench for handiwork", "work bench", "carpenter's bench",
        "garage bench", "woodworking bench", "tool bench", "bench in a garage for diy",
    ),
    "bookcase": (
        "furniture with shelves for books", "shelving unit", "library shelves", "furniture to store books in",
        "shelving for a library of books", "tall frame with several shelves", "open shelves standing on the floor",
    ),
    "cupboard": (
        "storage unit with doors", "closed piece of storage furniture", "storage cupboard",
        "furniture with doors and inner shelves",
    ),
    "wardrobe": (
        "tall furniture to hang clothes in", "armoire", "clothes cupboard", "bedroom closet",
        "closet for coats and dresses", "tall cupboard for garments", "furniture with a rail for hangers",
        "place to hang shirts and dresses", "bedroom furniture taller than a person",
    ),
    "fridge": (
        "appliance that keeps food cold", "fridge freezer", "kitchen fridge", "icebox", "machine that cools food",
        "appliance to keep milk fresh", "cold storage in the kitchen", "where milk and butter are kept cold",
        "kitchen appliance that cools",
    ),
    "chest of drawers": (
        "furniture with drawers for clothes", "bureau", "drawer unit", "drawer chest",
        "furniture with drawers stacked up", "place for folded shirts and socks", "stack of drawers for clothing",
    ),
    "nightstand": (
        "small stand next to a bed", "night table", "bedside stand", "bedside locker", "small table by the bed",
        "furniture for a lamp beside a bed", "stand for the alarm clock", "bedroom side table",
    ),
    "kitchen counter": (
        "surface to prepare food on", "kitchen unit", "countertop", "kitchen bench", "counter for cooking and chopping",
        "place to chop and mix ingredients",
    ),
    "stove": (
        "oven with hot plates", "appliance to prepare hot meals", "kitchen range", "kitchen stove", "hob and oven",
        "stovetop with burners",
    ),
    "washing machine": (
        "machine that washes clothes", "laundry appliance", "washer", "clothes washer", "laundry machine",
        "washer for clothes", "machine with a drum for laundry", "machine that spins wet clothes",
        "machine for dirty clothes", "appliance that cleans laundry",
    ),
    "sideboard": (
        "low long furniture for a television", "television stand", "credenza", "media unit", "entertainment console",
    ),
    "piano": (
        "instrument with keys", "keyboard instrument", "pianoforte", "instrument with hammers and strings",
        "instrument a pianist plays", "large musical instrument", "instrument to play sonatas on",
        "keyboard instrument with strings", "instrument with pedals and keys", "heavy instrument for music lessons",
    ),
    "bathtub": (
        "place to wash lying down", "basin for a whole person", "tub", "tub for bathing", "tub to soak in",
        "large basin to bathe in", "long basin in a bathroom", "tub filled with water for bathing",
    ),
    "toilet": (
        "bathroom seat with a flush", "water closet", "loo", "flush toilet", "toilet bowl", "wc",
        "porcelain bowl with a seat", "bathroom bowl with a lid", "where people relieve themselves",
    ),
    "washbasin": (
        "basin with a tap", "basin to wash hands in", "hand basin", "wash basin", "sink", "sink with a faucet",
        "wash hand basin", "where people brush their teeth", "bathroom basin with running water",
        "place to wash the face",
    ),
    "chair": (
        "seat with a back and four legs", "dining chair", "side chair", "kitchen chair", "straight chair",
        "plain seat for one person", "upright chair without wheels", "seat to sit on at dinner",
        "simple four-legged chair", "single seat with a backrest on legs",
    ),
    "office chair": (
        "rotating chair on castors", "desk chair that turns", "computer chair", "task chair", "chair on wheels",
        "rolling chair", "revolving chair", "work chair at a computer", "wheeled seat for office work",
        "seat to work at a desk",
    ),
    "stool": (
        "seat without a back", "bar stool", "backless seat", "simple seat without armrests or back",
        "small seat with no backrest", "seat to perch on", "backless chair", "sitting stool",
        "plain backless seat on legs",
    ),
    "floor lamp": (
        "tall lamp on a pole", "lamp as tall as a person", "standard lamp", "standing lamp", "floor light",
        "tall lamp beside a sofa", "lamp that stands on the floor", "lamp with a long stem", "high lamp for a corner",
    ),
    "house plant": (
        "indoor greenery", "leaves in an earthen vessel", "potted plant", "houseplant", "indoor plant",
        "plant to be watered indoors", "living plant in a room", "plant growing in a planter",
    ),
    "cardboard box": (
        "box made of cardboard", "package to ship goods in", "packing box", "moving box", "shipping box",
        "corrugated box", "box for parcels", "box to move house with", "box with folding flaps",
    ),
    "crate": (
        "open box with slats", "box to carry goods in", "slatted box", "packing crate", "storage crate",
        "box for fruit and bottles", "sturdy box with an open top", "transport box with slatted sides",
        "open-topped box to stack",
    ),
    "basket": (
        "woven container", "wicker container for laundry", "wicker basket", "woven basket", "laundry basket",
        "container of woven wicker", "storage basket", "plaited basket",
    ),
    "bin": (
        "container for rubbish", "garbage bin", "rubbish bin", "garbage can", "waste bin", "wastebasket", "dustbin",
        "trash bin", "container for litter", "waste container", "where to throw things away",
    ),
    "suitcase": (
        "case to travel with", "baggage", "travel case", "holiday case", "trunk for a journey",
        "case to pack clothes in", "packed case for a trip", "case to check in at airports",
    ),
    "ladder": (
        "steps to climb up", "step ladder", "climbing ladder", "set of rungs", "rungs to climb on",
        "steps to reach high places", "rungs between two side rails", "thing to climb to the ceiling",
        "thing to change light bulbs from", "tall frame with rungs",
    ),
    "vacuum cleaner": (
        "machine that sucks up dust", "floor cleaning appliance", "vacuum", "household vacuum",
        "carpet cleaner with suction", "dust sucker", "machine to clean carpets", "cleaner with suction",
        "appliance for sucking up dirt", "vac",
    ),
    "picture": (
        "framed art on a wall", "artwork", "wall picture", "wall art", "hanging picture", "picture hanging on the wall",
        "image hung on a wall", "art print in a frame", "art to look at on walls",
    ),
    "mirror": (
        "glass that reflects", "reflecting surface to look at oneself", "wall mirror", "glass to see oneself in",
        "glass that shows a reflection", "thing to check hair in", "thing that shows the viewer's face",
        "surface that reflects the room", "reflective glass on the wall",
    ),
    "wall clock": (
        "round clock on a wall", "dial that shows the time", "clock on the wall", "hanging clock",
        "clock hung on a wall", "kitchen clock", "large clock for the whole room", "clock face up on the wall",
        "timepiece hung on the wall", "wall-mounted clock", "clock high above the furniture",
    ),
    "window": (
        "glass pane in a wall", "opening that lets daylight in", "windowpane", "glazing",
        "pane of glass to look through", "glazed opening", "house window", "panes in a frame",
        "glass to look outside through", "room window", "what one looks outdoors through",
    ),
    "door": (
        "entrance to a room", "way out of a room", "room door", "hinged door", "interior door", "doorway",
        "thing to go in and out by", "thing to open and walk through", "entryway", "panel with a door handle",
        "portal to the next room", "what one knocks at before entering",
    ),
    "curtain": (
        "cloth hanging at a window", "window hangings", "window curtain", "fabric to draw across a window",
        "hanging fabric that shuts out light", "long cloth on a curtain rail", "cloth drawn shut at night",
    ),
    "shelf": (
        "board on a wall to hold things", "narrow projecting board", "wall shelf", "hanging shelf",
        "wall-mounted shelf", "plank fixed to a wall", "shelf board",
    ),
    "radiator": (
        "device that warms a room", "hot water pipes", "hot panel on a wall", "thing that gives warmth in winter",
    ),
    "mug": (
        "cup with a handle", "cup for hot drinks", "coffee mug", "tea mug", "cocoa mug", "large cup without a saucer",
        "cup to drink hot chocolate from", "breakfast mug",
    ),
    "teacup": (
        "small cup for tea", "porcelain for tea", "tea cup", "china cup", "porcelain cup", "fine cup", "dainty cup",
        "cup of a tea set", "cup for afternoon tea", "cup to sip tea from",
    ),
    "plate": (
        "flat thing to eat from", "flat crockery", "dinner plate", "dining plate", "flat dish", "dish to serve food on",
        "dish under a meal", "flat piece of china", "crockery between fork and knife",
    ),
    "bowl": (
        "deep vessel for soup", "vessel for cereal", "soup bowl", "cereal bowl", "salad bowl", "hollow dish",
        "dish for soup or porridge", "open round vessel for food", "serving bowl", "dish to eat cereal from",
    ),
    "drinking glass": (
        "glass to drink water from", "glass cup", "water glass", "juice glass", "see-through cup",
        "glass for cold drinks", "glass of a drinking set", "clear cup without a handle",
        "transparent vessel to drink from", "beverage glass",
    ),
    "bottle": (
        "drink vessel with a narrow neck", "drink container", "drink bottle", "drinks bottle", "beverage bottle",
        "bottle to drink from", "narrow-necked bottle", "tall bottle for beverages", "bottle with a beverage in it",
    ),
    "kettle": (
        "vessel with a spout", "heats up water for tea", "tea kettle", "teakettle", "water kettle", "kitchen kettle",
    ),
    "saucepan": (
        "deep pan with a handle", "pan to cook sauce in", "deep cooking pan", "stew pan", "pan with high sides",
        "pan to boil potatoes in",
    ),
    "frying pan": (
        "flat pan to fry in", "pan for frying eggs", "frypan", "fry pan", "shallow pan",
        "shallow pan with a long handle", "pan for pancakes", "pan for bacon and eggs", "egg pan", "pan with low sides",
        "omelette pan",
    ),
    "microwave": (
        "heats up meals quickly", "appliance that warms food", "kitchen microwave", "countertop microwave",
        "appliance to reheat leftovers", "box that reheats food", "appliance to defrost food in",
        "appliance for microwave popcorn",
    ),
    "coffee machine": (
        "machine that brews coffee", "coffee brewer", "coffee maker", "coffeemaker", "coffee appliance",
        "machine that makes coffee", "appliance for brewing coffee", "kitchen machine for coffee",
        "machine for a morning coffee", "appliance filled with ground coffee",
    ),
    "blender": (
        "appliance that mixes drinks", "kitchen mixer", "liquidiser", "liquidizer", "food blender", "kitchen blender",
        "smoothie maker", "smoothie blender", "appliance to puree fruit", "jug with spinning blades",
        "machine that blends fruit", "appliance for milkshakes and smoothies",
    ),
    "knife": (
        "blade to cut food with", "cutlery", "kitchen knife", "chef's knife", "cooking knife", "sharp kitchen blade",
        "single blade with a handle", "sharp utensil for slicing food", "blade to chop vegetables with",
        "steel blade for the kitchen", "utensil with a sharp edge",
    ),
    "wooden spoon": (
        "spoon to stir with", "cooking utensil", "cooking spoon", "mixing spoon", "stirring spoon", "wood spoon",
        "spoon made of wood", "wooden stirrer", "long spoon for cooking", "spoon to stir soup with",
    ),
    "cutting board": (
        "board for slicing", "board to cut vegetables on", "kitchen board", "carving board", "slab to cut food on",
        "flat board under a knife",
    ),
    "jar": (
        "glass vessel with a lid", "jam container", "glass jar", "jam jar", "preserve jar", "preserving jar",
        "storage jar", "jar for jam or honey", "wide-mouthed glass container", "container with a screw lid",
        "jar for pickles or jam",
    ),
    "tin can": ("preserves in metal", "metal can of soup", "tin"),
    "milk carton": (
        "carton of milk", "dairy drink", "carton for milk", "milk pack", "milk box", "pack of milk",
        "carton of dairy milk", "milk container", "carton with milk from a cow", "cardboard pack of milk",
        "milk packaging", "box of milk for breakfast",
    ),
    "cereal box": (
        "breakfast cereal", "box of cornflakes", "box of cereal", "cereal packet", "packet of cereal", "cereal carton",
        "box of breakfast cereal", "box of muesli or flakes", "pack of breakfast flakes",
    ),
    "apple": (
        "round crisp fruit", "fruit of an apple tree", "eating apple", "crunchy fruit", "orchard fruit",
        "fruit for cider", "pome fruit", "fruit with a core and pips", "fruit for apple pie",
        "fruit that keeps the doctor away",
    ),
    "orange": (
        "sweet citrus fruit", "fruit for marmalade", "fruit with sweet juicy segments", "sweet round citrus",
        "citrus to peel and eat", "breakfast juice fruit", "citrus larger than a lemon",
    ),
    "lemon": (
        "sour citrus fruit", "sour citrus", "lemon fruit", "sour fruit", "acid fruit", "fruit for lemonade",
        "citrus for lemonade", "fruit to squeeze over fish", "fruit to slice into tea",
        "tart citrus fruit with pointed ends",
    ),
    "tomato": (
        "round soft vegetable", "salad tomato", "ripe tomato", "juicy salad vegetable", "vegetable for ketchup",
        "fruit for ketchup", "vegetable for pasta sauce", "fruit eaten as a vegetable",
        "soft vegetable with juicy seeds", "vegetable sliced onto burgers",
    ),
    "banana": (
        "long curved fruit", "bent fruit", "curved fruit", "crescent-shaped fruit", "fruit to peel by hand",
        "fruit that monkeys eat", "soft fruit in a thick peel", "long tropical fruit", "fruit for a banana split",
        "seedless soft curved fruit",
    ),
    "bread": (
        "baked dough", "bakery product", "food to make toast from", "food to make sandwiches from",
        "food baked from flour and yeast",
    ),
    "carrot": (
        "long root vegetable", "root vegetable", "crunchy root", "pointed root vegetable", "edible taproot",
        "vegetable that rabbits love", "crunchy vegetable from the ground", "snowman's nose", "tapering vegetable",
        "vegetable pulled from the soil",
    ),
    "pineapple": (
        "large tropical fruit", "ananas", "fruit with a leafy crown", "spiky fruit", "prickly tropical fruit",
        "fruit with a spiky top", "fruit for pina colada", "fruit on a hawaiian pizza", "large fruit with rough skin",
        "tropical fruit with stiff leaves",
    ),
    "cake": (
        "sweet dessert", "birthday pastry", "sweet cake", "birthday cake", "cake to celebrate with",
        "sweet baked treat", "dessert to cut into slices", "baked sweet for a party",
    ),
    "egg": (
        "chicken egg", "hen's egg", "hen egg", "egg in its shell", "breakfast egg", "oval thing a hen lays",
        "food with a thin shell", "thing to boil for breakfast", "thing for an omelette", "what a chicken hatches from",
    ),
    "laptop": (
        "notebook computer", "foldable computer with a screen", "laptop computer", "notebook pc", "portable pc",
        "computer to carry in a bag", "computer with a hinged screen", "computer to use on a lap", "folding computer",
        "computer with keyboard and screen together",
    ),
    "monitor": (
        "display on a desk", "display of a desktop", "computer monitor", "computer display", "pc monitor", "pc screen",
        "desktop screen", "desktop monitor", "screen to work at", "display connected to a computer",
    ),
    "keyboard": (
        "keys to type on", "computer keyboard", "pc keyboard", "typing keyboard", "board of letter keys",
        "keypad for typing text", "device to type with", "input board with letters", "typing device",
        "rows of keys with letters", "keys for a computer",
    ),
    "computer mouse": (
        "pointing device", "input device", "mouse", "pc mouse", "hand-held pointing device", "device to move a cursor",
        "device to click with", "clicker beside a keyboard", "mouse for a computer", "clicking device for a computer",
        "pointer device with buttons",
    ),
    "television": (
        "large screen to watch films on", "flat screen", "television set", "telly", "television screen",
        "living room screen", "screen for news and movies", "home entertainment screen", "screen facing the sofa",
    ),
    "remote control": (
        "device with buttons to switch channels", "controller", "remote", "television remote", "remote controller",
        "clicker for the television", "channel changer", "zapper", "handset to switch the television",
        "handheld thing to change the volume",
    ),
    "mobile phone": (
        "smartphone", "telephone to carry along", "mobile", "smart phone", "pocket phone", "handheld telephone",
        "phone to call and text with", "device to send messages with", "phone with a touch screen",
    ),
    "speaker": (
        "box that plays sound", "stereo audio equipment", "hi-fi speaker", "audio speaker", "sound box",
        "music speaker", "speaker box", "box to play music through",
    ),
    "headphones": (
        "earphones to listen to music", "audio device worn on the head", "pair of headphones",
        "earphones on a headband", "stereo headphones", "music headphones", "ear cups on a band",
        "headband with two ear pads", "device worn over the ears", "thing to listen to music privately",
    ),
    "camera": (
        "device that takes photographs", "photo apparatus", "photo camera", "photographic camera",
        "device for taking pictures", "photographer's device", "device with a lens", "device for holiday snaps",
        "apparatus with lens and shutter", "tool of a photographer", "picture-taking device",
    ),
    "printer": (
        "machine that prints paper", "office machine", "computer printer", "office printer", "document printer",
        "paper printer", "printing machine", "printing device", "machine that prints documents",
        "device that puts ink on paper", "machine with a paper tray",
    ),
    "desk lamp": (
        "lamp to study by", "lamp with an arm", "desk light", "work lamp", "task lamp", "task light", "study lamp",
        "office lamp", "working light for a desk", "lamp over a writing desk", "lamp to do homework by",
        "lamp to light up paperwork",
    ),
    "table lamp": (
        "small lamp with a shade", "lamp on a nightstand", "bedside lamp", "table light", "nightstand lamp",
        "small shaded lamp", "lampshade on a small base", "lamp next to a bed", "short lamp with a lampshade",
        "lamp on a side table",
    ),
    "alarm clock": (
        "clock that wakes people up", "small clock by the bed", "bedside clock", "wake-up clock", "bedroom clock",
        "clock on a nightstand", "clock that rings in the morning", "ringing clock", "clock with an alarm",
        "small clock to wake up by", "clock to set before sleep",
    ),
    "book": (
        "something to read", "printed literature", "reading book", "bound volume", "printed book",
        "printed pages between covers", "thing from a library", "thing to read in bed", "work of an author",
    ),
    "notebook": (
        "paper to write in", "jotter", "notepad", "writing pad", "note book", "exercise book", "jotting pad",
        "pages to write notes on", "blank pages bound together", "thing to take notes in", "book with empty pages",
    ),
    "vase": (
        "vessel for flowers", "jar with flowers", "flower vase", "flower holder", "holder for cut flowers",
        "vessel for a bouquet", "vessel for cut flowers", "decorative vessel", "ornamental vessel",
        "container to put roses in", "ornament for holding flowers", "decorative jar for flowers",
    ),
    "candle": (
        "wax with a flame", "wax candle", "wax light", "wick in wax", "wax stick to light", "light with a wick",
        "lit wax for a dinner", "wax that burns slowly", "thing to light with a match", "romantic dinner light",
    ),
    "picture frame": ("frame with a portrait", "portrait standing on furniture", "frame that holds a snapshot"),
    "fan": (
        "blades that move air", "air blower", "electric fan", "cooling fan", "room fan", "air fan",
        "machine that makes a breeze", "thing to cool oneself in summer", "spinning blades for cool air",
        "device that blows air", "breeze maker for hot days",
    ),
    "football": (
        "ball to kick", "round ball for sport", "ball to score goals with", "ball for a football match",
        "ball footballers play with", "ball with stitched panels", "kicking ball", "ball to shoot into a goal",
    ),
    "toy car": (
        "small model car to play with", "toy vehicle", "toy automobile", "model car", "miniature car", "little car",
        "car for a child", "car to push around the floor", "play car", "tiny car on four wheels",
        "small car from a toy box",
    ),
    "building blocks": (
        "blocks for children to stack", "stacking cubes", "toy blocks", "building bricks", "play blocks", "play bricks",
        "set of toy blocks", "blocks to build towers with", "children's blocks", "pile of play bricks",
        "blocks from a nursery",
    ),
    "doll": (
        "toy figure of a girl", "toy doll", "play doll", "dolly", "girl's doll", "toy person",
        "small toy in human shape", "toy figure with a human face", "toy to dress up", "toy shaped like a person",
    ),
    "rubber duck": (
        "plastic duck", "duck for children", "toy duck", "rubber ducky", "toy bird that floats", "floating toy duck",
        "little duck that squeaks",
    ),
    "shoes": (
        "footwear", "pair of trainers", "pair of shoes", "shoe pair", "matching shoes", "things worn on the feet",
        "footwear to go outside in", "left and right shoe", "things to walk in", "things to take off indoors",
    ),
    "handbag": (
        "bag with handles that women carry", "shoulder bag", "hand bag", "ladies' bag", "ladies' handbag",
        "women's bag", "small bag for a lady", "fashion bag with handles", "bag for wallet and lipstick",
    ),
    "backpack": (
        "bag worn on the back", "school bag", "knapsack", "bag with shoulder straps", "bag with two straps",
        "hiking bag", "student's bag", "hiker's pack", "bag to carry on both shoulders",
    ),
    "umbrella": (
        "shelter from rain to hold up", "rain cover", "brolly", "rain umbrella", "rain shelter to carry",
        "thing to carry in the rain", "thing to stay dry under", "canopy on a handle", "protection against rain",
        "wet weather companion",
    ),
    "pillow": (
        "soft thing to rest the head on", "padded bedding", "bed pillow", "head pillow", "sleeping pillow",
        "soft padding for the head", "soft bag full of feathers or foam",
    ),
    "towel": (
        "cloth to dry with", "absorbent cloth", "bathroom towel", "terry cloth", "terry towel", "drying cloth",
        "cloth for drying off", "cloth to dry hands with", "cloth to use after a shower",
        "thing to wrap in after bathing",
    ),
    "soap bottle": (
        "bottle of liquid soap", "pump bottle of hand wash", "hand soap bottle", "hand wash bottle", "hand soap",
        "liquid soap", "soap pump", "bottle for washing hands", "bottle of soap",
    ),
    "toilet roll": ("roll of tissue", "hygiene tissue", "toilet tissue", "loo roll", "bathroom tissue", "bog roll"),
    "tissue box": (
        "box of paper handkerchiefs", "box of tissues", "tissues", "box of kleenex", "tissue dispenser",
        "facial tissues", "paper hankies in a box", "box of facial tissues", "tissues for a runny nose",
        "box to pull paper hankies from",
    ),
    "hammer": (
        "tool to drive nails with", "carpenter's hammer", "tool for driving nails", "nail hammer",
        "tool for pounding nails", "tool to hit nails with", "heavy metal head on a handle", "striking tool",
        "tool to bang nails in",
    ),
    "screwdriver": (
        "tool to turn screws with", "driver for screws", "screw driver", "tool for screws", "tool to tighten screws",
        "tool to loosen screws", "hand tool for screws", "tool that fits a screw's head", "screw-turning tool",
    ),
    "drill": (
        "electric tool that bores holes", "machine tool to drill with", "power drill", "electric drill",
        "drilling machine", "tool to make holes with", "boring tool", "tool with a spinning bit",
        "tool for holes in walls", "powered drill",
    ),
    "toolbox": (
        "box full of tools", "case for tools", "tool box", "tool case", "tool kit", "handyman's box", "mechanic's box",
        "box for hammers and spanners", "box for wrenches and pliers", "workman's box", "box that a plumber brings",
    ),
    "dumbbell": (
        "heavy thing to lift for fitness", "fitness equipment", "hand weight", "free weight", "weight for lifting",
        "weight to lift", "weight for arm exercise", "bar with two weights", "weight to build muscle with",
        "short bar with heavy ends", "bodybuilder's weight",
    ),
    "baseball bat": (
        "club to hit a ball with", "bat", "baseball club", "batting stick", "bat for baseball", "batter's stick",
        "club for a home run", "stick to swing at baseballs", "long club thicker at one end", "baseball player's bat",
    ),
    "watering can": (
        "can to water plants with", "plant watering can", "sprinkling can", "gardener's can", "can with a long spout",
        "thing to water flowers with", "vessel to water plants", "spouted can for the garden",
        "can with a sprinkler spout",
    ),
    "pencil holder": (
        "holder full of crayons", "desk tidy", "pen holder", "pencil cup", "cup with pens and pencils",
        "desk organiser", "holder for writing things",
    ),
    "scissors": (
        "blades to cut paper with", "cutting tool", "pair of scissors", "paper scissors", "household scissors",
        "two blades with finger holes", "two blades joined by a pivot", "snipping tool", "tool for snipping paper",
        "thing to cut hair with", "thing to cut paper with",
    ),
    "iron": (
        "appliance to smooth clothes with", "hot plate to press laundry", "clothes iron", "laundry iron", "flatiron",
        "steam iron", "ironing appliance", "appliance to press shirts with", "thing to iron shirts with",
        "appliance against creases", "thing to take creases out",
    ),
    "trophy": (
        "prize in a sport", "award", "champion's cup", "sports award", "sports trophy", "winner's prize", "prize cup",
        "championship cup", "prize to show off", "award for winning a contest", "award on display",
    ),
    "rug": (
        "carpet on the floor", "floor covering", "carpet", "area rug", "floor rug", "floor carpet", "room carpet",
        "woven floor cover", "fabric to walk on", "soft thing underfoot", "textile spread on the floor",
    ),
}  # fmt: skip
"""What a class is for, or how else it is called; none holds a held-out word."""


def descriptions(name: str) -> tuple[str, ...]:
    """Returns phrases that are true of everything of a class; none for a class that training never sees."""
    return (*(kind for kind, members in KINDS.items() if name in members), *USES.get(name, ()))
