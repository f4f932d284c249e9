"""Provider domains: whose mailboxes lie directly under which domains.

One provider a paragraph, further lines indented.
Source: docs/domain/providers.md (what it was compiled from).
"""

DOMAINS = """
21cn: 189.cn 21cn.com
abv_bg: abv.bg
alibaba_mail: aliyun.com
aruba: aruba.it technet.it
att: ameritech.net att.net bellsouth.net currently.com flash.net nvbell.net pacbell.net
    prodigy.net sbcglobal.net snet.net swbell.net wans.net
au_kddi: au.com ezweb.ne.jp uqmobile.jp
azet_sk: azet.sk
bell: bell.net sympatico.ca
biglobe: biglobe.ne.jp
bluewin: bluemail.ch bluewin.ch
bouygues: bbox.fr
bt: btinternet.com btopenworld.com talk21.com
centrum_cz: atlas.cz centrum.cz centrum.sk volny.cz
centurylink: centurylink.net centurytel.net clds.net coastalnow.net cochill.net cswnet.com
    emadisonriver.com emadisonriver.net embarqmail.com gallatinriver.net grics.net gulftel.com
    madisonriver.biz mebtel.net q.com
china_mobile_139: 139.com
citromail_hu: citromail.hu
comcast: comcast.net xfinity.com
daum: daum.net hanmail.net kakao.com
docomo: docomo.ne.jp
duckduckgo: duck.com
earthlink: earthlink.net ix.netcom.com mindspring.com peoplepc.com
eir: eircom.net
elisa_fi: elisanet.fi kolumbus.fi
fastmail: 123mail.org airpost.net eml.cc f-m.fm fastmail.co.uk fastmail.com fastmail.de
    fastmail.fm fastmail.in fastmail.jp fastmail.net fastmail.org fastmail.us imap.cc
    mailcan.com myfastmail.com sent.com warpmail.net
fastweb: fastwebnet.it
free: aliceadsl.fr free.fr libertysurf.fr
freemail_hu: freemail.hu
freenet: freenet.de freenetmail.de
frontier: frontier.com frontiernet.net
gmail: gmail.com googlemail.com
gmx: email.gmx gmx.at gmx.biz gmx.ca gmx.ch gmx.cn gmx.co.in gmx.co.uk gmx.com gmx.com.br
    gmx.com.my gmx.com.tr gmx.de gmx.es gmx.eu gmx.fr gmx.hk gmx.ie gmx.info gmx.it gmx.li
    gmx.net gmx.org gmx.ph gmx.pt gmx.ru gmx.se gmx.sg gmx.tm gmx.tw gmx.us mail.gmx mein.gmx
hey: hey.com
i_ua: email.ua i.ua ua.fm
icloud: icloud.com mac.com me.com privaterelay.appleid.com
ig_br: ig.com.br
iinet: iinet.net.au westnet.com.au
inbox_lv: inbox.eu inbox.la inbox.lt inbox.lv
infomaniak: etik.com ik.me
interia_pl: interia.com interia.eu interia.pl poczta.fm
ionos: go4more.de online.de onlinehome.de sofort-start.de sofort-surf.de sofortstart.de
    sofortsurf.de
kpn: freeler.nl hetnet.nl kpnmail.nl kpnplanet.nl on.nl onsbrabantnet.nl onsmail.nl onsnet.nu
    onsneteindhoven.nl onsnetnuenen.nl planet.nl snelnet.net telfort.nl tip.nl tiscali.nl
    tiscalimail.nl wxs.nl xs4all.nl
laposte: laposte.net
libero: blu.it giallo.it inwind.it iol.it libero.it
mail_com: 2die4.com accountant.com activist.com adexec.com africamail.com aircraftmail.com
    alabama.usa.com alaska.usa.com allergist.com alumni.com alumnidirector.com americamail.com
    amorous.com angelic.com archaeologist.com arizona.usa.com artlover.com asia-mail.com
    atheist.com australiamail.com bartender.net berlin.com bigger.com bikerider.com
    birdlover.com blader.com boardermail.com brazilmail.com brew-master.com california.usa.com
    californiamail.com caress.com catlover.com cheerful.com chef.net chemist.com chinamail.com
    clerk.com cliffhanger.com collector.org columnist.com comic.com computer4u.com
    consultant.com contractor.net coolsite.net counsellor.com count.com couple.com cutey.com
    cyber-wizard.com cyberdude.com cybergal.com dallasmail.com dbzmail.com deliveryman.com
    diplomats.com disciples.com doctor.com doglover.com doramail.com dr.com dublin.com
    earthling.net elvisfan.com email.com engineer.com englandmail.com europe.com europemail.com
    execs.com fan.com feelings.com financier.com fireman.net florida.usa.com footballer.com
    gardener.com geologist.com germanymail.com graduate.org graphic-designer.com hackermail.com
    hairdresser.net hilarious.com hockeymail.com homemail.com hot-shot.com hour.com humanoid.net
    illinois.usa.com iname.com innocent.com inorbit.com instruction.com instructor.net
    insurer.com irelandmail.com italymail.com japan.com journalist.com keromail.com
    kittymail.com koreamail.com lawyer.com legislator.com linuxmail.org london.com loveable.com
    lovecat.com mad.scientist.com madonnafan.com madrid.com mail.com mail.org marchmail.com
    mexicomail.com mindless.com minister.com mobsters.com monarchy.com moscowmail.com munich.com
    musician.org muslim.com myself.com newyork.usa.com null.net nycmail.com oath.com
    optician.com pacificwest.com petlover.com photographer.net playful.com poetic.com
    politician.com popstar.com post.com presidency.com priest.com programmer.net publicist.com
    realtyagent.com reborn.com reggaefan.com religious.com repairman.com representative.com
    rescueteam.com revenue.com rocketship.com rockfan.com rome.com royal.net saintly.com
    salesperson.net sanfranmail.com scientist.com scotlandmail.com secretary.net seductive.com
    singapore.com snakebite.com songwriter.net soon.com spainmail.com teachers.org techie.com
    technologist.com texas.usa.com thegame.com therapist.net toke.com tokyo.com toothfairy.com
    tvstar.com umpire.com usa.com uymail.com wallet.com webname.com weirdness.com who.net
    whoever.com winning.com witty.com worker.com workmail.com writeme.com yours.com
mail_ee: mail.ee
mailbox_org: mailbox.org
mailinator: mailinator.com
mailru: bk.ru inbox.ru internet.ru list.ru mail.ru xmail.ru
naver: naver.com
netease: 126.com 163.com 188.com vip.126.com vip.163.com yeah.net
nifty: nifty.com
ocn: ocn.ad.jp ocn.ne.jp
onet_pl: adres.pl amorki.pl autograf.pl buziaczek.pl cyberia.pl onet.com.pl onet.eu onet.pl
    op.pl opoczta.pl poczta.onet.eu poczta.onet.pl pseudonim.pl republika.pl spoko.pl
    vip.onet.pl vp.pl
optimum: optimum.net optonline.net
optus: optusnet.com.au
orange: orange.fr voila.fr wanadoo.fr
outlook: hotmail.be hotmail.ca hotmail.ch hotmail.cl hotmail.co.id hotmail.co.il hotmail.co.in
    hotmail.co.jp hotmail.co.kr hotmail.co.th hotmail.co.uk hotmail.co.za hotmail.com
    hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.com.hk hotmail.com.mx hotmail.com.tr
    hotmail.com.tw hotmail.com.vn hotmail.cz hotmail.de hotmail.dk hotmail.es hotmail.fi
    hotmail.fr hotmail.gr hotmail.hu hotmail.it hotmail.lt hotmail.lv hotmail.my hotmail.nl
    hotmail.no hotmail.ph hotmail.rs hotmail.se hotmail.sg hotmail.sk live.at live.be live.ca
    live.cl live.cn live.co.jp live.co.kr live.co.uk live.co.za live.com live.com.ar live.com.au
    live.com.mx live.com.my live.com.ph live.com.pt live.com.sg live.de live.dk live.fi live.fr
    live.hk live.ie live.in live.it live.jp live.nl live.no live.ru live.se livemail.tw msn.com
    olc.protection.outlook.com outlook.at outlook.be outlook.cl outlook.co outlook.co.id
    outlook.co.il outlook.co.th outlook.com outlook.com.ar outlook.com.au outlook.com.br
    outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz outlook.de outlook.dk outlook.es
    outlook.fr outlook.hu outlook.ie outlook.in outlook.it outlook.jp outlook.kr outlook.lv
    outlook.my outlook.ph outlook.pt outlook.sa outlook.sg outlook.sk passport.com
    windowslive.com
plusnet: plus.com plus.net
pobox: pobox.com
posteo: posteo.at posteo.be posteo.ca posteo.ch posteo.cl posteo.co posteo.co.uk posteo.com
    posteo.com.br posteo.cr posteo.cz posteo.de posteo.dk posteo.ee posteo.es posteo.eu
    posteo.fi posteo.gl posteo.gr posteo.hn posteo.hr posteo.hu posteo.ie posteo.in posteo.is
    posteo.it posteo.jp posteo.la posteo.li posteo.lt posteo.lu posteo.me posteo.mx posteo.my
    posteo.net posteo.nl posteo.no posteo.nz posteo.org posteo.pe posteo.pl posteo.pm posteo.pt
    posteo.ro posteo.se posteo.sg posteo.si posteo.tn posteo.uk posteo.us
proton: pm.me proton.me protonmail.ch protonmail.com
proximus_be: belgacom.net kidcity.be proximus.be skynet.be
qq: foxmail.com qq.com vip.qq.com
rambler: autorambler.ru lenta.ru myrambler.ru rambler.ru ro.ru
rediffmail: rediff.com rediffmail.com
rogers: rogers.com
sapo: meo.pt sapo.ao sapo.cv sapo.mz sapo.pt sapo.tl
seznam: email.cz post.cz seznam.cz spoluzaci.cz
sfr: 9online.fr cegetel.net club-internet.fr neuf.fr noos.fr numericable.fr sfr.fr
shaw: shaw.ca
sina: sina.cn sina.com sina.com.cn vip.sina.com
sky_uk: sky.com
so-net: so-net.ne.jp
softbank: i.softbank.jp softbank.ne.jp vodafone.ne.jp
sohu: sohu.com
spark_nz: xtra.co.nz
spectrum: bresnan.net brighthouse.com charter.net roadrunner.com rr.com spectrum.net twc.com
t-online: magenta.de t-online.de
talktalk: lineone.net talktalk.net tiscali.co.uk
telenet_be: pandora.be telenet.be
telenor_no: online.no
telia: telia.com
telstra: bigpond.com bigpond.net bigpond.net.au telstra.com
telus: telus.net
terra: terra.com terra.com.br
tim_it: alice.it tim.it tin.it
tiscali_it: tiscali.it
tuta: keemail.me tuta.com tuta.io tutamail.com tutanota.com tutanota.de
ukr_net: ukr.net
uol: bol.com.br uol.com.br
videotron: videotron.ca
virgilio: virgilio.it
virgin_media: blueyonder.co.uk ntlworld.com virgin.net virginmedia.com
vodafone_de: arcor.de kabelmail.de vodafonemail.de
webde: email.de web.de
windstream: windstream.net
wp_pl: go2.pl o2.pl prokonto.pl tlen.pl wp.pl
yahoo: aim.com aol.co.nz aol.co.uk aol.com aol.com.ar aol.com.au aol.com.br aol.com.mx aol.de
    aol.es aol.fr aol.it aol.se compuserve.com cox.net cs.com games.com love.com myyahoo.com
    netscape.com netscape.net rocketmail.com verizon.net wmconnect.com wow.com yahoo.at yahoo.ca
    yahoo.co.id yahoo.co.in yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com
    yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my
    yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn yahoo.de
    yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no
    yahoo.pl yahoo.ro yahoo.se ymail.com
yahoo_jp: yahoo.co.jp ybb.ne.jp ymail.ne.jp
yandex: narod.ru ya.ru yandex.by yandex.com yandex.kz yandex.net yandex.ru yandex.ua
yousee_dk: mail.dk
ziggo: casema.nl chello.nl hahah.nl home.nl multiweb.nl quicknet.nl razcall.com razcall.nl
    upcmail.nl zeggis.com zeggis.nl ziggo.nl ziggomail.com zinders.nl
zoho: zoho.com zoho.com.au zoho.eu zoho.in zoho.jp zohocloud.ca zohomail.com zohomail.com.au
    zohomail.eu zohomail.in zohomail.jp zohomailcloud.ca
"""
