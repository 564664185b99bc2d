// Says of each PDF whether it is PDF/A-3A and PDF/UA-1, by the veraPDF engine; one line a file and profile.
// Run as a single file: java -cp ENGINE.jar:JAXB.jar... Conform.java FILE...

import java.io.File;
import java.io.InputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.VeraPDFFoundry;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;

public class Conform {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        VeraPDFFoundry foundry = Foundries.defaultInstance();
        for (String name : new String[] {"PDFA-3A", "PDFUA-1"}) {
            ValidationProfile profile;
            try (InputStream rules = Conform.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + name + ".xml")) {
                profile = Profiles.profileFromXml(rules);
            }
            for (String file : files) {
                try (PDFAParser parser = foundry.createParser(new File(file), profile.getPDFAFlavour());
                        PDFAValidator validator = foundry.createValidator(profile, false)) {
                    ValidationResult result = validator.validate(parser);
                    String verdict = result.isCompliant() && result.getTotalAssertions() > 0 ? "pass" : "fail";
                    System.out.println(name + " " + verdict + " " + result.getTotalAssertions() + " " + file);
                    for (TestAssertion one : result.getTestAssertions()) {
                        String rule = one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber();
                        System.out.println("  " + rule + ": " + one.getMessage() + " " + one.getLocation().getContext());
                    }
                }
            }
        }
    }
}
